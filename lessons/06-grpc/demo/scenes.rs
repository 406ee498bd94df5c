//! The demo: this program is the client and starts itself again as the server. What the server says
//! is printed further right, as it stands in the pictures of the book.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use l06_grpc::client::{Client, Options};
use stage::child::{Child, Spawn};
use stage::story::{Clock, say};
use stage::tap::Tap;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tonic::metadata::{KeyAndValueRef, MetadataMap};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::call::words;

const FREE: &str = "127.0.0.1:0";

/// Tells the whole story.
pub async fn run() -> anyhow::Result<()> {
    let clock = Clock::start(1);
    let (server, addr) = start(FREE, &[], of_server(&clock)).await?;
    println!(
        "Two processes. This one, {}, is the client. It has started itself again as the server:\n\
         \n    l06-grpc server --addr 127.0.0.1:0\n\
         \nThat is process {}, and it listens on {}. More of them come and go below.\n\
         Times are milliseconds since the beginning of the scene.",
        std::process::id(),
        server.id(),
        addr
    );
    greeting(&clock, addr).await?;
    status(&clock, addr).await?;
    deadline(&clock).await?;
    token(&clock).await?;
    later(&clock).await?;
    again(&clock).await?;
    together(&clock).await?;
    println!(
        "\nNow in two terminals:\n\
         \n    cargo run -p l06-grpc -- server\n    cargo run -p l06-grpc -- client Ada --metadata\n"
    );
    Ok(())
}

async fn greeting(clock: &Clock, server: SocketAddr) -> anyhow::Result<()> {
    clock.scene("1. The greeting call, and what travels beside the message");
    let tap = Tap::open(server).await?;
    let client = Client::connect(tap.addr, Options::default()).await?;
    for name in ["wire", "wire", "wire"] {
        let before = tap.read();
        clock.tell(0, &format!("greeter.v1.Greeter/SayHello  name: {name:?}"));
        let (metadata, reply, _) = client.greet(name).await?.into_parts();
        clock.tell(0, &format!("OK  message: {:?}", reply.message));
        show(&metadata);
        let bytes = tap.read().since(before);
        println!(
            "            bytes on the wire: {} there, {} back",
            bytes.there, bytes.back
        );
    }
    say("The first call also opened the connection. Later calls are shorter: a header that was");
    say("sent before travels as a number.");
    Ok(())
}

async fn status(clock: &Clock, server: SocketAddr) -> anyhow::Result<()> {
    clock.scene("2. An empty name: a code, a message, and details");
    let client = Client::connect(server, Options::default()).await?;
    clock.tell(0, "greeter.v1.Greeter/SayHello  name: \"\"");
    if let Err(status) = client.greet("").await {
        clock.tell(0, &words(&status).replace("\n    ", "\n            "));
    }
    Ok(())
}

async fn deadline(clock: &Clock) -> anyhow::Result<()> {
    clock.scene("3. Work of 300 ms, and a deadline of 130 ms");
    let (_slow, addr) = start(FREE, &["--slow-ms", "300"], of_server(clock)).await?;
    let options = Options {
        deadline: Duration::from_millis(130),
        ..Options::default()
    };
    let client = Client::connect(addr, options).await?;
    clock.restart();
    clock.tell(0, "SayHello, grpc-timeout: 130 ms");
    if let Err(status) = client.greet("Ada").await {
        clock.tell(0, &words(&status));
    }
    silence(clock).await;
    say("The same without a deadline; the caller cancels after 130 ms:");
    let client = Client::connect(addr, Options::default()).await?;
    clock.restart();
    clock.tell(0, "SayHello");
    let _ = timeout(Duration::from_millis(130), client.greet("Ada")).await;
    clock.tell(0, "cancels: RST_STREAM ends this one call");
    silence(clock).await;
    Ok(())
}

/// Long enough for steps that should not come any more.
async fn silence(clock: &Clock) {
    sleep(Duration::from_millis(250)).await;
    clock.tell(0, "250 ms later: no step has followed");
}

async fn token(clock: &Clock) -> anyhow::Result<()> {
    clock.scene("4. A server that demands a token for every method");
    let (_guarded, addr) = start(FREE, &["--token", "sesame"], of_server(clock)).await?;
    let unknown = Client::connect(addr, Options::default()).await?;
    for (method, outcome) in [
        ("Greeter/SayHello", unknown.greet("Mallory").await.map(drop)),
        (
            "HelloService/SayName",
            unknown.name("Mallory").await.map(drop),
        ),
        ("say/saySomething", unknown.say("Mallory").await.map(drop)),
        ("grpc.health.v1.Health/Check", health(&unknown).await),
    ] {
        if let Err(status) = outcome {
            clock.tell(0, &format!("{method}: {:?}", status.code()));
        }
    }
    let options = Options {
        token: Some("sesame".to_string()),
        ..Options::default()
    };
    let known = Client::connect(addr, options).await?;
    let reply = known.name("Ada").await?.into_inner();
    clock.tell(
        0,
        &format!("HelloService/SayName with the token: {:?}", reply.msg),
    );
    Ok(())
}

async fn health(client: &Client) -> Result<(), tonic::Status> {
    let request = HealthCheckRequest::default();
    HealthClient::new(client.channel()).check(request).await?;
    Ok(())
}

async fn later(clock: &Clock) -> anyhow::Result<()> {
    clock.scene("5. The client starts before the server");
    let addr = free_port().await?;
    clock.tell(0, &format!("connects to {addr}; no server listens there"));
    let of_server = of_server(clock);
    let server = tokio::spawn(async move {
        sleep(Duration::from_millis(400)).await;
        let server = start(&addr.to_string(), &[], |_| {}).await;
        of_server("listens now");
        server
    });
    let client = Client::connect(addr, Options::default()).await?;
    let reply = client.greet("Ada").await?.into_inner();
    clock.tell(0, &format!("connected: {:?}", reply.message));
    server.await??;
    let options = Options {
        connect_timeout: Duration::from_millis(300),
        ..Options::default()
    };
    if let Err(error) = Client::connect(free_port().await?, options).await {
        clock.tell(0, &format!("without a server: {error}"));
    }
    Ok(())
}

async fn again(clock: &Clock) -> anyhow::Result<()> {
    clock.scene("6. The server is killed, and started again 300 ms later");
    let (server, addr) = start(FREE, &[], of_server(clock)).await?;
    let mut options = Options::default();
    options.retry.first = Duration::from_millis(200);
    let client = Client::connect(addr, options).await?;
    client.greet("Ada").await?;
    drop(server);
    clock.restart();
    clock.tell(
        0,
        "say/saySomething: the contract does not allow to run it twice",
    );
    if let Err(status) = client.say("Ada").await {
        clock.tell(0, &format!("{:?}, after one attempt", status.code()));
    }
    let of_server = of_server(clock);
    let server = tokio::spawn(async move {
        sleep(Duration::from_millis(300)).await;
        let server = start(&addr.to_string(), &[], |_| {}).await;
        of_server("listens again");
        server
    });
    clock.tell(0, "Greeter/SayHello: the contract says NO_SIDE_EFFECTS");
    let reply = client.greet("Ada").await?.into_inner();
    clock.tell(
        0,
        &format!("OK  {:?}, after more than one attempt", reply.message),
    );
    server.await??;
    Ok(())
}

async fn together(clock: &Clock) -> anyhow::Result<()> {
    clock.scene("7. A hundred calls of 100 ms each, and one connection");
    let (_slow, addr) = start(FREE, &["--slow-ms", "100"], |_| {}).await?;
    let tap = Tap::open(addr).await?;
    let client = Client::connect(tap.addr, Options::default()).await?;
    clock.restart();
    let since = Instant::now();
    let mut calls = JoinSet::new();
    for number in 1..=100 {
        let client = client.clone();
        calls.spawn(async move { client.greet(&format!("user {number}")).await });
    }
    clock.tell(0, "100 clones of one client, one call each");
    let mut greeted = 0;
    while let Some(call) = calls.join_next().await {
        call??;
        greeted += 1;
    }
    let seen = tap.read();
    clock.tell(
        0,
        &format!(
            "{greeted} replies after {} ms; connections: {}; bytes: {} there, {} back",
            since.elapsed().as_millis(),
            seen.connections,
            seen.there,
            seen.back
        ),
    );
    Ok(())
}

/// This program once more, as the server, in a process of its own; `heard` gets each line that it prints
/// after its address.
pub async fn start(
    addr: &str,
    options: &[&str],
    heard: impl Fn(&str) + Send + Sync + 'static,
) -> anyhow::Result<(Child, SocketAddr)> {
    let server = Spawn::this_program(["server", "--addr", addr])?
        .args(options)
        .until_stdin_ends("--until-stdin-ends")
        .heard(move |line| {
            if !line.text.starts_with("listening on ") {
                heard(&line.text);
            }
        })
        .start()?;
    let addr = server.listening().await?;
    Ok((server, addr))
}

/// Prints a line of the server further right.
fn of_server(clock: &Clock) -> impl Fn(&str) + Send + Sync + 'static {
    let clock = clock.clone();
    move |line| clock.tell(30, &format!("server: {line}"))
}

/// A port that was free a moment ago.
async fn free_port() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind(FREE).await?.local_addr()?)
}

/// Headers and trailers as they came; those of HTTP itself are left out.
fn show(metadata: &MetadataMap) {
    for pair in metadata.iter() {
        if let KeyAndValueRef::Ascii(key, value) = pair
            && !["content-type", "date"].contains(&key.as_str())
        {
            let value = value.to_str().unwrap_or("?");
            println!("            {key}: {value}");
        }
    }
}
