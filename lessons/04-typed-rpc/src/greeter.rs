//! The contracts of this lesson, their implementations, and a caller that works with a local and with a
//! remote one. There are no bytes and no connections in this file. The names on the wire stand in the
//! declarations only.

use std::time::Duration;

use l02_rpc::service::{NameTaken, Services};

use crate::contract;
use crate::error::Error;

/// The address on which the greeter listens by default.
pub const ADDR: &str = "127.0.0.1:8080";

/// The longest time that `hello_later` waits. A caller may ask for more.
const MAX_WAIT: Duration = Duration::from_secs(10);

// ANCHOR: hello
contract! {
    /// Greets.
    pub trait Hello = "hello", hello_server, HelloClient {
        /// `NAME hello world`.
        async fn hello_world(name: String) -> String = "HelloWorld";
        /// The same, after `ms` milliseconds.
        async fn hello_later(name: String, ms: u64) -> String = "HelloLater";
    }
}
// ANCHOR_END: hello

contract! {
    /// Answers questions about pandas.
    pub trait Panda = "Panda", panda_server, PandaClient {
        /// Twice the number of a panda.
        async fn get_info(number: u32) -> u32 = "GetInfo";
    }
}

// ANCHOR: local
/// Implements both contracts in this program.
#[derive(Clone, Copy, Debug)]
pub struct Local;

impl Hello for Local {
    async fn hello_world(&self, name: String) -> Result<String, Error> {
        Ok(format!("{name} hello world"))
    }

    async fn hello_later(&self, name: String, ms: u64) -> Result<String, Error> {
        tokio::time::sleep(Duration::from_millis(ms).min(MAX_WAIT)).await;
        self.hello_world(name).await
    }
}
// ANCHOR_END: local

impl Panda for Local {
    async fn get_info(&self, number: u32) -> Result<u32, Error> {
        match number {
            0 => Err(Error::method("there is no panda 0")),
            _ => number
                .checked_mul(2)
                .ok_or_else(|| Error::method("the number is too large")),
        }
    }
}

/// The services of both contracts.
///
/// # Errors
/// If two services have the same name. The names are text, so the compiler does not compare them.
pub fn services() -> Result<Services, NameTaken> {
    let mut services = Services::new();
    services.register(hello_server(Local))?;
    services.register(panda_server(Local))?;
    Ok(services)
}

// ANCHOR: welcome
/// Greets each name in turn. The implementation may be local or remote.
///
/// # Errors
/// The first error of a call ends it.
pub async fn welcome(hello: &impl Hello, names: &[&str]) -> Result<Vec<String>, Error> {
    let mut greetings = Vec::new();
    for name in names {
        greetings.push(hello.hello_world((*name).to_string()).await?);
    }
    Ok(greetings)
}
// ANCHOR_END: welcome
