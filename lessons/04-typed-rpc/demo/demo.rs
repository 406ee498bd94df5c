//! The demo: one caller and one contract, fulfilled in three places. The third is this program
//! once more, in a process of its own. What is the same is printed once, what differs is measured.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use l02_rpc::client::{CallError, Client};
use l02_rpc::message::{self, Reply, Request};
use l02_rpc::server::{Event, Settings};
use l04_typed_rpc::greeter::{Hello, HelloClient, Near, Panda, PandaClient, services, welcome};
use l04_typed_rpc::versions::v1::{Scales, ScalesClient};
use l04_typed_rpc::{Error, memory};
use tokio::time::sleep;

use crate::peer::Peer;

/// Nothing in the demo takes longer than this; if it does, something is broken.
const PATIENCE: Duration = Duration::from_secs(5);

/// What has crossed the wire, seen from the client's end. A function pointer observes, and cannot
/// hold anything: hence a static.
static SEEN: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Tells the whole story.
pub async fn run() -> anyhow::Result<()> {
    let server = Peer::start().await?;
    println!(
        "Two processes. This one, {}, is the client. It has started itself again as the server:\n\
         \n    l04-typed-rpc server --addr 127.0.0.1:0\n\
         \nThat is process {}, and it listens on {}.",
        std::process::id(),
        server.child.id(),
        server.addr
    );
    let settings = Settings {
        observe,
        ..Settings::default()
    };
    let client = Client::connect(server.addr, settings)
        .await
        .context("dial")?;
    greeting(&client).await?;
    three_places(&client, settings).await?;
    the_methods_no(&client).await?;
    beside_the_contract(&client).await?;
    two_versions(&client).await?;
    killed(&server, client).await?;
    println!(
        "\nNow in two terminals:\n\
         \n    cargo run -p l04-typed-rpc -- server\n    cargo run -p l04-typed-rpc -- client wire\n"
    );
    Ok(())
}

async fn greeting(client: &Client) -> anyhow::Result<()> {
    println!("\n1. The greeting call, through the contract: hello.hello_world(\"wire\")");
    let hello = HelloClient::new(client.clone(), PATIENCE);
    let greeting = hello.hello_world("wire".to_string()).await?;
    ensure!(
        greeting == "wire hello world",
        "a strange greeting: {greeting}"
    );
    tell();
    println!("   The same bytes as in lesson 02. The contract is not on the wire: it is in the");
    println!("   two programs.");
    Ok(())
}

async fn three_places(client: &Client, settings: Settings) -> anyhow::Result<()> {
    println!("\n2. One caller, `welcome`, and three who fulfil the contract");
    let here = Near;
    let in_memory = memory::connect(Arc::new(services()?), settings);
    let in_memory = HelloClient::new(in_memory, PATIENCE);
    let over_the_wire = HelloClient::new(client.clone(), PATIENCE);
    welcomed("in this function's program", &here).await?;
    welcomed("a stub, over memory", &in_memory).await?;
    welcomed("a stub, over a socket", &over_the_wire).await?;
    println!("   The caller was written once, against the trait. It cannot see which one it has.");
    Ok(())
}

async fn welcomed(place: &str, hello: &impl Hello) -> anyhow::Result<()> {
    // The first call warms up whatever is cold.
    welcome(hello, &["wire"]).await?;
    forget();
    let since = Instant::now();
    let greetings = welcome(hello, &["Ada", "你好"]).await?;
    let micros = since.elapsed().as_secs_f64() * 1e6;
    let bodies = std::mem::take(&mut *seen()).len();
    println!("   {place:28} {micros:7.1} µs  {bodies} frames seen  {greetings:?}");
    Ok(())
}

async fn the_methods_no(client: &Client) -> anyhow::Result<()> {
    println!("\n3. A method says no: panda.get_info(0)");
    let near = Near.get_info(0).await;
    let far = PandaClient::new(client.clone(), PATIENCE).get_info(0).await;
    println!("   near  {near:?}");
    println!("   far   {far:?}");
    ensure!(near == far, "near and far disagree");
    forget();
    Ok(())
}

async fn beside_the_contract(client: &Client) -> anyhow::Result<()> {
    println!("\n4. Past the contract, with names and types by hand, as in lesson 02");
    let name = client
        .call_within::<String>(PATIENCE, "hello.HelloWord", &"wire")
        .await;
    let kind = client
        .call_within::<u32>(PATIENCE, "Panda.GetInfo", &"a hundred")
        .await;
    for failed in [name.err(), kind.err()] {
        let error = failed.context("a call past the contract that should fail")?;
        println!("   compiled, ran, failed: {error}");
    }
    println!("   Through the contract neither compiles: tests/refused/ has both.");
    forget();
    Ok(())
}

async fn two_versions(client: &Client) -> anyhow::Result<()> {
    println!("\n5. A client of last year asks for the panda's measures: 170 cm, 110 kg");
    let scales = ScalesClient::new(client.clone(), PATIENCE);
    let panda = scales.measure("San".to_string()).await?;
    tell();
    println!(
        "   the client has: {} cm, {} kg, and no error",
        panda.height, panda.weight
    );
    ensure!(
        (panda.height, panda.weight) == (110, 170),
        "strange measures: {panda:?}"
    );
    println!("   Since last year somebody has sorted the fields of the server's struct. Both");
    println!("   programs compiled, each with its own. No compiler has ever seen the two.");
    Ok(())
}

async fn killed(server: &Peer, client: Client) -> anyhow::Result<()> {
    println!("\n6. The server is killed while a call waits for it");
    let hello = HelloClient::new(client.clone(), PATIENCE);
    let waiting = hello.clone();
    let call = tokio::spawn(async move { waiting.hello_later("wire".to_string(), 4000).await });
    while client.in_flight() == 0 {
        sleep(Duration::from_millis(1)).await;
    }
    server.child.kill();
    let outcome = call.await?;
    println!("   the call that waited   {outcome:?}");
    let later = welcome(&hello, &["wire"]).await;
    println!("   `welcome`, from now on {later:?}");
    println!(
        "   `welcome`, near        {:?}",
        welcome(&Near, &["wire"]).await
    );
    for outcome in [outcome.map(drop), later.map(drop)] {
        ensure!(
            matches!(outcome, Err(Error::Wire(CallError::Lost(_)))),
            "a dead server has answered"
        );
    }
    println!("   That is the whole difference between near and far: one more error, and the");
    println!("   compiler insists that somebody handles it.");
    Ok(())
}

/// Takes note of what the client sends and reads.
fn observe(event: Event<'_>) {
    let line = match event {
        Event::Sent(body) => match message::decode::<Request<'_>>(body) {
            Ok(request) => format!("call   {:20} {}", request.method, hex(request.argument)),
            Err(_) => return,
        },
        Event::Read(body) => match message::decode::<Reply<'_>>(body) {
            Ok(Reply {
                outcome: Ok(value), ..
            }) => format!("reply  {:20} {}", "value", hex(value)),
            Ok(Reply {
                outcome: Err(failure),
                ..
            }) => format!("reply  error: {failure}"),
            Err(_) => return,
        },
        Event::Finished | Event::Failed(_) => return,
    };
    seen().push(line);
}

fn seen() -> std::sync::MutexGuard<'static, Vec<String>> {
    SEEN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn forget() {
    seen().clear();
}

fn tell() {
    for line in seen().drain(..) {
        println!("   {line}");
    }
}

fn hex(bytes: &[u8]) -> String {
    let bytes: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    bytes.join(" ")
}
