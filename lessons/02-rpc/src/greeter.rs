//! The two services of this lesson: `hello`, which greets, and `Panda`, which doubles a number.
//! Written as a learner would write a service; nothing in here knows of bytes or connections.

use std::time::Duration;

use crate::service::{NameTaken, Service, Services};

/// Where the greeter listens unless told otherwise.
pub const PLAIN_ADDR: &str = "127.0.0.1:8080";

/// Where it listens behind HTTP.
pub const HTTP_ADDR: &str = "127.0.0.1:10086";

/// The longest that `hello.HelloLater` waits, whatever its caller asks for.
const LONGEST: Duration = Duration::from_secs(10);

// ANCHOR: services
/// The services, ready to be served.
///
/// # Errors
///
/// If two of them have the same name.
pub fn services() -> Result<Services, NameTaken> {
    let hello = Service::new("hello")
        .method("HelloWorld", |name: String| async move {
            Ok(format!("{name} hello world"))
        })
        .method("HelloLater", hello_later);
    let panda = Service::new("Panda")
        .method("GetInfo", |number: u32| async move {
            match number {
                0 => Err("there is no panda 0".to_string()),
                _ => number
                    .checked_mul(2)
                    .ok_or("so many pandas do not fit".to_string()),
            }
        })
        .method("Wake", |(): ()| async { wake() });
    let mut services = Services::new();
    services.register(hello)?;
    services.register(panda)?;
    Ok(services)
}

/// Greets after so many milliseconds: a call that takes its time, and holds up no other.
async fn hello_later((name, ms): (String, u64)) -> Result<String, String> {
    tokio::time::sleep(Duration::from_millis(ms).min(LONGEST)).await;
    Ok(format!("{name} hello world"))
}

/// A bug, as every program has one somewhere.
fn wake() -> Result<u32, String> {
    let pandas: Vec<u32> = Vec::new();
    Ok(pandas[0])
}
// ANCHOR_END: services
