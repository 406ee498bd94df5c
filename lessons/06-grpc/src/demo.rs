//! The demo: this program is the client and starts itself again as the server. What the server says
//! is printed further right, as it stands in the pictures of the book.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use l06_grpc::client::{Client, Options};
use l06_grpc::tap;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tonic::metadata::{KeyAndValueRef, MetadataMap};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::call::words;
use crate::peer::Peer;

const FREE: &str = "127.0.0.1:0";

/// Tells the whole story.
pub async fn run() -> anyhow::Result<()> {
    let clock = Clock::start();
    let server = Peer::start(FREE.parse()?, &[], clock.of_server())?;
    println!(
        "Two processes. This one, {}, is the client. It has started itself again as the server:\n\
         \n    l06-grpc server --addr 127.0.0.1:0\n\
         \nThat is process {}, and it listens on {}. More of them come and go below.\n\
         Times are milliseconds since the beginning of the scene.",
        std::process::id(),
        server.id(),
        server.addr
    );
    greeting(&clock, server.addr).await?;
    status(&clock, server.addr).await?;
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
    let (wire, counts) = tap::open(server).await?;
    let client = Client::connect(wire, Options::default()).await?;
    for name in ["wire", "wire", "wire"] {
        let before = counts.read();
        clock.client(&format!("greeter.v1.Greeter/SayHello  name: {name:?}"));
        let (metadata, reply, _) = client.greet(name).await?.into_parts();
        clock.client(&format!("OK  message: {:?}", reply.message));
        show(&metadata);
        let bytes = counts.read().since(before);
        println!(
            "            bytes on the wire: {} there, {} back",
            bytes.there, bytes.back
        );
    }
    println!(
        "   The first call also opened the connection. Later ones are shorter: what was in the"
    );
    println!("   headers before is sent as a number.");
    Ok(())
}

async fn status(clock: &Clock, server: SocketAddr) -> anyhow::Result<()> {
    clock.scene("2. An empty name: a code for the program, words for people, details for both");
    let client = Client::connect(server, Options::default()).await?;
    clock.client("greeter.v1.Greeter/SayHello  name: \"\"");
    if let Err(status) = client.greet("").await {
        clock.client(&words(&status).replace("\n    ", "\n            "));
    }
    Ok(())
}

async fn deadline(clock: &Clock) -> anyhow::Result<()> {
    clock.scene("3. Work of 300 ms, and a caller who waits 130 ms");
    let slow = Peer::start(FREE.parse()?, &["--slow-ms", "300"], clock.of_server())?;
    let options = Options {
        deadline: Duration::from_millis(130),
        ..Options::default()
    };
    let client = Client::connect(slow.addr, options).await?;
    clock.restart();
    clock.client("SayHello, grpc-timeout: 130 ms");
    if let Err(status) = client.greet("Ada").await {
        clock.client(&words(&status));
    }
    silence(clock).await;
    println!("   The same without a deadline; the caller hangs up after 130 ms:");
    let client = Client::connect(slow.addr, Options::default()).await?;
    clock.restart();
    clock.client("SayHello");
    let _ = timeout(Duration::from_millis(130), client.greet("Ada")).await;
    clock.client("hangs up: RST_STREAM, this one call is cancelled");
    silence(clock).await;
    Ok(())
}

/// Long enough for steps that should not come any more.
async fn silence(clock: &Clock) {
    sleep(Duration::from_millis(250)).await;
    clock.client("250 ms later: no step has followed");
}

async fn token(clock: &Clock) -> anyhow::Result<()> {
    clock.scene("4. A server that wants a token, whatever is called");
    let guarded = Peer::start(FREE.parse()?, &["--token", "sesame"], clock.of_server())?;
    let stranger = Client::connect(guarded.addr, Options::default()).await?;
    for (method, outcome) in [
        (
            "Greeter/SayHello",
            stranger.greet("Mallory").await.map(drop),
        ),
        (
            "HelloService/SayName",
            stranger.name("Mallory").await.map(drop),
        ),
        ("say/saySomething", stranger.say("Mallory").await.map(drop)),
        ("grpc.health.v1.Health/Check", health(&stranger).await),
    ] {
        if let Err(status) = outcome {
            clock.client(&format!("{method}: {:?}", status.code()));
        }
    }
    let options = Options {
        token: Some("sesame".to_string()),
        ..Options::default()
    };
    let friend = Client::connect(guarded.addr, options).await?;
    let reply = friend.name("Ada").await?.into_inner();
    clock.client(&format!(
        "HelloService/SayName with the token: {:?}",
        reply.msg
    ));
    Ok(())
}

async fn health(client: &Client) -> Result<(), tonic::Status> {
    let request = HealthCheckRequest::default();
    HealthClient::new(client.channel()).check(request).await?;
    Ok(())
}

async fn later(clock: &Clock) -> anyhow::Result<()> {
    clock.scene("5. The client is up first");
    let addr = free_port().await?;
    clock.client(&format!(
        "looks for a server at {addr}; nobody listens there"
    ));
    let of_server = clock.of_server();
    let server = tokio::task::spawn_blocking(move || {
        std::thread::sleep(Duration::from_millis(400));
        let server = Peer::start(addr, &[], |_| {});
        of_server("is up now");
        server
    });
    let client = Client::connect(addr, Options::default()).await?;
    let reply = client.greet("Ada").await?.into_inner();
    clock.client(&format!("has found it: {:?}", reply.message));
    server.await??;
    let options = Options {
        patience: Duration::from_millis(300),
        ..Options::default()
    };
    if let Err(error) = Client::connect(free_port().await?, options).await {
        clock.client(&format!("and where nobody ever comes: {error}"));
    }
    Ok(())
}

async fn again(clock: &Clock) -> anyhow::Result<()> {
    clock.scene("6. The server is killed, and is back 300 ms later");
    let server = Peer::start(FREE.parse()?, &[], clock.of_server())?;
    let addr = server.addr;
    let mut options = Options::default();
    options.retry.first = Duration::from_millis(200);
    let client = Client::connect(addr, options).await?;
    client.greet("Ada").await?;
    drop(server);
    clock.restart();
    clock.client("say/saySomething: nobody has promised that it may run twice");
    if let Err(status) = client.say("Ada").await {
        clock.client(&format!("{:?}, after one attempt", status.code()));
    }
    let of_server = clock.of_server();
    let server = tokio::task::spawn_blocking(move || {
        std::thread::sleep(Duration::from_millis(300));
        let server = Peer::start(addr, &[], |_| {});
        of_server("is up again");
        server
    });
    clock.client("Greeter/SayHello: NO_SIDE_EFFECTS, says the contract");
    let reply = client.greet("Ada").await?.into_inner();
    clock.client(&format!(
        "OK  {:?}, after more than one attempt",
        reply.message
    ));
    server.await??;
    Ok(())
}

async fn together(clock: &Clock) -> anyhow::Result<()> {
    clock.scene("7. A hundred calls of 100 ms each, and one connection");
    let slow = Peer::start(FREE.parse()?, &["--slow-ms", "100"], |_| {})?;
    let (wire, counts) = tap::open(slow.addr).await?;
    let client = Client::connect(wire, Options::default()).await?;
    clock.restart();
    let since = Instant::now();
    let mut calls = JoinSet::new();
    for number in 1..=100 {
        let client = client.clone();
        calls.spawn(async move { client.greet(&format!("guest {number}")).await });
    }
    clock.client("100 clones of one client, one call each");
    let mut greeted = 0;
    while let Some(call) = calls.join_next().await {
        call??;
        greeted += 1;
    }
    let seen = counts.read();
    clock.client(&format!(
        "{greeted} greeted after {} ms; connections: {}; bytes: {} there, {} back",
        since.elapsed().as_millis(),
        seen.connections,
        seen.there,
        seen.back
    ));
    Ok(())
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

/// Prints who did what, and when.
#[derive(Clone)]
struct Clock(std::sync::Arc<std::sync::Mutex<Instant>>);

impl Clock {
    fn start() -> Self {
        Clock(std::sync::Arc::new(std::sync::Mutex::new(Instant::now())))
    }

    fn restart(&self) {
        *self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = Instant::now();
    }

    fn scene(&self, title: &str) {
        println!("\n{title}");
        self.restart();
    }

    fn tell(&self, indent: usize, text: &str) {
        let since = *self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let ms = since.elapsed().as_secs_f64() * 1000.0;
        println!("  {ms:8.1}  {:indent$}{text}", "");
    }

    fn client(&self, text: &str) {
        self.tell(0, text);
    }

    fn of_server(&self) -> impl Fn(&str) + Send + 'static {
        let clock = self.clone();
        move |line| clock.tell(30, &format!("server: {line}"))
    }
}
