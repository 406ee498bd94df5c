/// Three whole programs that use this lesson's contracts. The check compiles each of them with `rustc`.
///
/// * `SERVER`: change it so that the compiler reports **E0046**, a method of the trait is missing.
/// * `CALLER`: change it so that the compiler reports **E0308**, an argument has the wrong type.
/// * `BY_HAND`: misspell the name that is sent. This program must still compile.
///
/// In `SERVER` and `CALLER` it must be the only error that the compiler reports.
pub const SERVER: &str = r#"
use l04_typed_rpc::Error;
use l04_typed_rpc::greeter::{Hello, hello_server};

struct English;

impl Hello for English {
    async fn hello_world(&self, name: String) -> Result<String, Error> {
        Ok(format!("hello {name}"))
    }

    async fn hello_later(&self, name: String, _ms: u64) -> Result<String, Error> {
        self.hello_world(name).await
    }
}

fn main() {
    let _service = hello_server(English);
}
"#;

/// A caller of the contract `Panda`.
pub const CALLER: &str = r#"
use l04_typed_rpc::Error;
use l04_typed_rpc::greeter::Panda;

async fn ask(panda: impl Panda) -> Result<u32, Error> {
    panda.get_info(100).await
}

fn main() {}
"#;

/// A call without a contract, as in lesson 02.
pub const BY_HAND: &str = r#"
use std::time::Duration;

use l04_typed_rpc::Client;

async fn greet(client: Client) -> Option<String> {
    let timeout = Duration::from_secs(5);
    let call = client.call_within(timeout, "hello.HelloWorld", &("wire",));
    call.await.ok()
}

fn main() {}
"#;
