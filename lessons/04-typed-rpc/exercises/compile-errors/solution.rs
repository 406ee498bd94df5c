//! The compiler compares an implementation and each call with the trait, and names what differs: a method without
//! which the trait is not implemented, an argument of another type. The name in `BY_HAND` is a value, a text, and
//! any text is a correct `&str`. Only a running server can find out that it has no such method.

/// A server that lacks a method.
pub const SERVER: &str = r#"
use l04_typed_rpc::Error;
use l04_typed_rpc::greeter::{Hello, hello_server};

struct English;

impl Hello for English {
    async fn hello_world(&self, name: String) -> Result<String, Error> {
        Ok(format!("hello {name}"))
    }
}

fn main() {
    let _service = hello_server(English);
}
"#;

/// A caller that passes a text for a number.
pub const CALLER: &str = r#"
use l04_typed_rpc::Error;
use l04_typed_rpc::greeter::Panda;

async fn ask(panda: impl Panda) -> Result<u32, Error> {
    panda.get_info("a hundred").await
}

fn main() {}
"#;

/// A call of a method that does not exist. It compiles.
pub const BY_HAND: &str = r#"
use std::time::Duration;

use l04_typed_rpc::Client;

async fn greet(client: Client) -> Option<String> {
    let timeout = Duration::from_secs(5);
    let call = client.call_within(timeout, "hello.HelloWord", &("wire",));
    call.await.ok()
}

fn main() {}
"#;
