//! The contracts of this lesson, what fulfils them, and a caller that does not know where. Nothing
//! in here knows of bytes, names on the wire or connections, but for the one word in each
//! declaration that programs of lesson 02 know a method by.

use std::time::Duration;

use l02_rpc::service::{NameTaken, Services};

use crate::contract;
use crate::error::Error;

/// Where the greeter listens unless told otherwise.
pub const ADDR: &str = "127.0.0.1:8080";

/// The longest that `hello_later` waits, whatever its caller asks for.
const LONGEST: Duration = Duration::from_secs(10);

// ANCHOR: hello
contract! {
    /// Greets.
    pub trait Hello = "hello", hello_server, HelloClient {
        /// `NAME hello world`.
        async fn hello_world(name: String) -> String = "HelloWorld";
        /// The same, after so many milliseconds.
        async fn hello_later(name: String, ms: u64) -> String = "HelloLater";
    }
}
// ANCHOR_END: hello

contract! {
    /// Knows about pandas.
    pub trait Panda = "Panda", panda_server, PandaClient {
        /// The double of a number, as pandas count.
        async fn get_info(number: u32) -> u32 = "GetInfo";
    }
}

// ANCHOR: near
/// Fulfils both contracts in this program.
#[derive(Clone, Copy, Debug)]
pub struct Near;

impl Hello for Near {
    async fn hello_world(&self, name: String) -> Result<String, Error> {
        Ok(format!("{name} hello world"))
    }

    async fn hello_later(&self, name: String, ms: u64) -> Result<String, Error> {
        tokio::time::sleep(Duration::from_millis(ms).min(LONGEST)).await;
        self.hello_world(name).await
    }
}
// ANCHOR_END: near

impl Panda for Near {
    async fn get_info(&self, number: u32) -> Result<u32, Error> {
        match number {
            0 => Err(Error::method("there is no panda 0")),
            _ => number
                .checked_mul(2)
                .ok_or_else(|| Error::method("so many pandas do not fit")),
        }
    }
}

/// Both contracts as one server offers them.
///
/// # Errors
///
/// If two services have the same name: the one thing about a contract that is still text.
pub fn services() -> Result<Services, NameTaken> {
    let mut services = Services::new();
    services.register(hello_server(Near))?;
    services.register(panda_server(Near))?;
    Ok(services)
}

// ANCHOR: welcome
/// Greets all of them in turn. What answers, and where, is not known in here.
///
/// # Errors
///
/// The first error ends it. That there can be one is all that tells of a wire.
pub async fn welcome(hello: &impl Hello, names: &[&str]) -> Result<Vec<String>, Error> {
    let mut greetings = Vec::new();
    for name in names {
        greetings.push(hello.hello_world((*name).to_string()).await?);
    }
    Ok(greetings)
}
// ANCHOR_END: welcome
