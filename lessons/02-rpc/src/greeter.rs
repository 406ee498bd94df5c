//! The two services of this lesson: `hello`, which greets, and `Panda`, which doubles a number.
//! They are written as a user of the library writes a service: without bytes and connections.

use std::time::Duration;

use crate::service::{NameTaken, Service, Services};

/// The default address of the server.
pub const PLAIN_ADDR: &str = "127.0.0.1:8080";

/// The default address of the server with `--http`.
pub const HTTP_ADDR: &str = "127.0.0.1:10086";

/// The longest delay of `hello.HelloLater`.
const MAX_DELAY: Duration = Duration::from_secs(10);

// ANCHOR: services
/// The services, ready to be served.
///
/// # Errors
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

/// Greets after `ms` milliseconds. It delays no other call.
async fn hello_later((name, ms): (String, u64)) -> Result<String, String> {
    tokio::time::sleep(Duration::from_millis(ms).min(MAX_DELAY)).await;
    Ok(format!("{name} hello world"))
}

/// A method with a bug: it panics.
fn wake() -> Result<u32, String> {
    let pandas: Vec<u32> = Vec::new();
    Ok(pandas[0])
}
// ANCHOR_END: services
