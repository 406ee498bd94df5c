//! The demo: one caller and one contract, with three implementations. The third one is in another process, which
//! runs this program as well.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use l02_rpc::client::{CallError, Client};
use l02_rpc::message::{self, Reply, Request};
use l02_rpc::server::{Event, Settings};
use l04_typed_rpc::greeter::{Hello, HelloClient, Local, Panda, PandaClient, services, welcome};
use l04_typed_rpc::versions::v1::{Scales, ScalesClient};
use l04_typed_rpc::{Error, memory};
use tokio::time::sleep;

use crate::peer::Peer;

/// Each call of the demo is much faster than this.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The frames that the client has sent and read. The observer is a function pointer, which holds no values, so
/// this is a static.
static SEEN: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Runs all scenes.
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
        .context("cannot connect")?;
    greeting(&client).await?;
    three_places(&client, settings).await?;
    method_refuses(&client).await?;
    without_the_contract(&client).await?;
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
    let hello = HelloClient::new(client.clone(), TIMEOUT);
    let greeting = hello.hello_world("wire".to_string()).await?;
    ensure!(
        greeting == "wire hello world",
        "an unexpected greeting: {greeting}"
    );
    print_seen();
    println!(
        "   The same bytes as in lesson 02. The contract is not on the wire: both programs were"
    );
    println!("   compiled with it.");
    Ok(())
}

async fn three_places(client: &Client, settings: Settings) -> anyhow::Result<()> {
    println!("\n2. One caller, `welcome`, and three implementations");
    let local = Local;
    let in_memory = memory::connect(Arc::new(services()?), settings);
    let in_memory = HelloClient::new(in_memory, TIMEOUT);
    let over_the_wire = HelloClient::new(client.clone(), TIMEOUT);
    welcomed("in the same program", &local).await?;
    welcomed("a stub, over memory", &in_memory).await?;
    welcomed("a stub, over a socket", &over_the_wire).await?;
    println!("   The caller was written once, against the trait, and works with each of them.");
    Ok(())
}

async fn welcomed(place: &str, hello: &impl Hello) -> anyhow::Result<()> {
    // The first call pays for what is done once.
    welcome(hello, &["wire"]).await?;
    forget();
    let since = Instant::now();
    let greetings = welcome(hello, &["Ada", "你好"]).await?;
    let micros = since.elapsed().as_secs_f64() * 1e6;
    let bodies = std::mem::take(&mut *seen()).len();
    println!("   {place:28} {micros:7.1} µs  {bodies} frames seen  {greetings:?}");
    Ok(())
}

async fn method_refuses(client: &Client) -> anyhow::Result<()> {
    println!("\n3. A method refuses: panda.get_info(0)");
    let local = Local.get_info(0).await;
    let remote = PandaClient::new(client.clone(), TIMEOUT).get_info(0).await;
    println!("   local   {local:?}");
    println!("   remote  {remote:?}");
    ensure!(local == remote, "local and remote differ");
    forget();
    Ok(())
}

async fn without_the_contract(client: &Client) -> anyhow::Result<()> {
    println!("\n4. Without the contract: names and types by hand, as in lesson 02");
    let name = client
        .call_within::<String>(TIMEOUT, "hello.HelloWord", &"wire")
        .await;
    let kind = client
        .call_within::<u32>(TIMEOUT, "Panda.GetInfo", &"a hundred")
        .await;
    for failed in [name.err(), kind.err()] {
        let error = failed.context("a call by hand that should fail")?;
        println!("   compiled, and failed when it ran: {error}");
    }
    println!("   With the contract neither compiles: tests/refused/ has both.");
    forget();
    Ok(())
}

async fn two_versions(client: &Client) -> anyhow::Result<()> {
    println!("\n5. A client of last year asks for the panda's measures: 170 cm, 110 kg");
    let scales = ScalesClient::new(client.clone(), TIMEOUT);
    let panda = scales.measure("San".to_string()).await?;
    print_seen();
    println!(
        "   the client has: {} cm, {} kg, and no error",
        panda.height, panda.weight
    );
    ensure!(
        (panda.height, panda.weight) == (110, 170),
        "unexpected measures: {panda:?}"
    );
    println!(
        "   Since last year the fields of the server's struct have been sorted. Both programs"
    );
    println!("   compiled, each with its own struct, and no compiler has compared the two.");
    Ok(())
}

async fn killed(server: &Peer, client: Client) -> anyhow::Result<()> {
    println!("\n6. The server is killed while a call waits for it");
    let hello = HelloClient::new(client.clone(), TIMEOUT);
    let waiting = hello.clone();
    let call = tokio::spawn(async move { waiting.hello_later("wire".to_string(), 4000).await });
    while client.in_flight() == 0 {
        sleep(Duration::from_millis(1)).await;
    }
    server.child.kill();
    let outcome = call.await?;
    println!("   the call that waited  {outcome:?}");
    let later = welcome(&hello, &["wire"]).await;
    println!("   a later call          {later:?}");
    println!(
        "   a local call          {:?}",
        welcome(&Local, &["wire"]).await
    );
    for outcome in [outcome.map(drop), later.map(drop)] {
        ensure!(
            matches!(outcome, Err(Error::Wire(CallError::Lost(_)))),
            "a killed server has replied"
        );
    }
    println!("   A remote call has one more error than a local one, and the compiler demands that");
    println!("   the caller handles it.");
    Ok(())
}

/// Keeps the frames that the client sends and reads.
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

fn print_seen() {
    for line in seen().drain(..) {
        println!("   {line}");
    }
}

fn hex(bytes: &[u8]) -> String {
    let bytes: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    bytes.join(" ")
}
