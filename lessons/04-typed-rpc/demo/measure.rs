//! One row of the ladder: the cost of the greeting call through the contract, with three implementations. The
//! remote server is another process on the same machine.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::ensure;
use l02_rpc::client::Client;
use l02_rpc::server::{Event, Settings};
use l04_typed_rpc::greeter::{Hello, HelloClient, Local, services};
use l04_typed_rpc::memory;
use stage::measure::{PROFILE, Times, code, head, ladder_row};

use crate::peer::Peer;

const CALLS: usize = 5000;
const TIMEOUT: Duration = Duration::from_secs(5);
const NAME: &str = "wire";
/// The columns of the words in front of the numbers.
const WORDS: usize = 38;

static BYTES: AtomicUsize = AtomicUsize::new(0);

/// Measures and prints.
pub async fn run() -> anyhow::Result<()> {
    println!("The greeting call for `{NAME}`, {CALLS} times each, {PROFILE}, this machine.\n");
    head(WORDS);

    let server = Peer::start().await?;
    times(&Local).await?.row("local: a function call", WORDS);
    let client = memory::connect(Arc::new(services()?), Settings::default());
    times(&HelloClient::new(client, TIMEOUT))
        .await?
        .row("the stub, over memory", WORDS);
    let client = Client::connect(server.addr, Settings::default()).await?;
    times(&ByHand(client.clone()))
        .await?
        .row("no stub: names by hand, over a socket", WORDS);
    let remote = times(&HelloClient::new(client, TIMEOUT))
        .await?
        .row("the stub, over a socket", WORDS);

    let bytes = bytes_of_a_call(&server).await?;
    println!("\nBytes of the call: {bytes}, as in lesson 02. The contract itself takes none.");

    let by_hand = "by_hand.rs, which the macro writes for you";
    let sources = [
        ("contract.rs", include_str!("../src/contract.rs")),
        ("error.rs", include_str!("../src/error.rs")),
        ("memory.rs", include_str!("../src/memory.rs")),
        (by_hand, include_str!("../src/by_hand.rs")),
    ];
    let code = format!("02's and {}", code(&sources, &[by_hand]));
    ladder_row("04 typed RPC", bytes as u64, remote, code);
    Ok(())
}

/// The same contract without the macro: what the stub costs is the difference, if there is one.
struct ByHand(Client);

impl Hello for ByHand {
    async fn hello_world(&self, name: String) -> Result<String, l04_typed_rpc::Error> {
        let call = self.0.call_within(TIMEOUT, "hello.HelloWorld", &name);
        Ok(call.await?)
    }

    async fn hello_later(&self, name: String, ms: u64) -> Result<String, l04_typed_rpc::Error> {
        let arguments = (name, ms);
        let call = self.0.call_within(TIMEOUT, "hello.HelloLater", &arguments);
        Ok(call.await?)
    }
}

/// Frames of one call, counted where they pass: 4 bytes of length, and the body.
async fn bytes_of_a_call(server: &Peer) -> anyhow::Result<usize> {
    fn count(event: Event<'_>) {
        if let Event::Sent(body) | Event::Read(body) = event {
            BYTES.fetch_add(4 + body.len(), Ordering::Relaxed);
        }
    }
    let settings = Settings {
        observe: count,
        ..Settings::default()
    };
    let client = Client::connect(server.addr, settings).await?;
    let hello = HelloClient::new(client, TIMEOUT);
    hello.hello_world(NAME.to_string()).await?;
    Ok(BYTES.load(Ordering::Relaxed))
}

/// How long each of so many calls took.
async fn times(hello: &impl Hello) -> anyhow::Result<Times> {
    Times::of(CALLS, async || {
        let greeting = hello.hello_world(NAME.to_string()).await?;
        ensure!(
            greeting == "wire hello world",
            "an unexpected greeting: {greeting}"
        );
        Ok(())
    })
    .await
}
