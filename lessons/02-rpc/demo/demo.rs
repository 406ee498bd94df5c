//! The demo: this program starts itself a second time as the server, calls it, and prints what
//! crosses the wire and when. One scene delays, one splits, one breaks: on one machine every call
//! is answered at once and in order, and that is exactly how wrong code gets through its tests.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use l01_tcp::frame;
use l02_rpc::client::{CallError, Client};
use l02_rpc::message::{self, Request};
use l02_rpc::server::Settings;
use stage::story::now;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::peer::Peer;
use crate::story::{SCENE, observe, take_reply_apart, take_request_apart, tell};

/// Nothing in the demo takes longer than this; if it does, something is broken.
const PATIENCE: Duration = Duration::from_secs(5);

/// Tells the whole story.
pub async fn run() -> anyhow::Result<()> {
    let server = Peer::start(&["--narrate"]).await?;
    println!(
        "Two processes. This one, {}, is the client. It has started itself again as the server:\n\
         \n    l02-rpc server --addr 127.0.0.1:0\n\
         \nThat is process {}, and it listens on {}. Times are milliseconds; what the\n\
         server sees stands on the right.",
        std::process::id(),
        server.child.id(),
        server.addr
    );
    greeting(&server).await?;
    byte_by_byte(&server).await?;
    out_of_order(&server).await?;
    failures(&server).await?;
    cancelled(&server).await?;
    behind_http().await?;
    stranger(&server).await?;
    killed(&server).await?;
    println!(
        "\nNow in two terminals:\n\
         \n    cargo run -p l02-rpc -- server\n    cargo run -p l02-rpc -- client hello.HelloWorld wire\n"
    );
    Ok(())
}

fn title(text: &str) {
    println!("\n{text}");
}

async fn dial(addr: SocketAddr) -> anyhow::Result<Client> {
    let settings = Settings {
        observe,
        ..Settings::default()
    };
    Client::connect(addr, settings).await.context("dial")
}

async fn greet(client: &Client) -> anyhow::Result<()> {
    let greeting: String = client
        .call_within(PATIENCE, "hello.HelloWorld", &"wire")
        .await?;
    ensure!(
        greeting == "wire hello world",
        "a strange greeting: {greeting}"
    );
    Ok(())
}

async fn greeting(server: &Peer) -> anyhow::Result<()> {
    title("1. The greeting call: hello.HelloWorld(\"wire\")");
    let client = dial(server.addr).await?;
    let since = now();
    greet(&client).await?;
    tell(server, since).await;
    Ok(())
}

async fn byte_by_byte(server: &Peer) -> anyhow::Result<()> {
    title("2. The same call by hand, one byte every 2 ms: what each of them means");
    let mut stream = TcpStream::connect(server.addr).await?;
    stream.set_nodelay(true)?;
    let argument = message::encode(&"wire")?;
    let body = message::encode(&Request {
        id: 1,
        method: "hello.HelloWorld",
        argument: &argument,
    })?;
    let since = now();
    let wire = frame::encode(&body, frame::LIMIT)?;
    for byte in &wire {
        stream.write_all(&[*byte]).await?;
        sleep(Duration::from_millis(2)).await;
    }
    println!("   there, {} bytes", wire.len());
    take_request_apart(&body)?;
    let reply = frame::read_async(&mut stream, frame::LIMIT)
        .await?
        .context("a reply")?;
    println!("   back, {} bytes", reply.len() + 4);
    take_reply_apart(&reply)?;
    tell(server, since).await;
    println!("   28 pieces, one call: frames do not care how they travel.");
    Ok(())
}

async fn out_of_order(server: &Peer) -> anyhow::Result<()> {
    title(
        "3. Three calls on one connection: the first takes 120 ms, the second 60, the third none",
    );
    let client = dial(server.addr).await?;
    let since = now();
    let call = |ms: u64| {
        let client = client.clone();
        async move {
            client
                .call_within::<String>(PATIENCE, "hello.HelloLater", &("wire", ms))
                .await
        }
    };
    let (one, two, three) = tokio::join!(call(120), call(60), call(0));
    one?;
    two?;
    three?;
    tell(server, since).await;
    println!("   The order of the replies is the order in which they were ready. The number tells");
    println!("   whose each one is.");
    Ok(())
}

async fn failures(server: &Peer) -> anyhow::Result<()> {
    title("4. Four calls that fail, and one that does not, on the same connection");
    let client = dial(server.addr).await?;
    let since = now();
    let zero: Result<u32, _> = client.call_within(PATIENCE, "Panda.GetInfo", &0u32).await;
    let name: Result<String, _> = client
        .call_within(PATIENCE, "hello.HelloWord", &"wire")
        .await;
    let text: Result<u32, _> = client.call_within(PATIENCE, "Panda.GetInfo", &"wire").await;
    let panic: Result<u32, _> = client.call_within(PATIENCE, "Panda.Wake", &()).await;
    for failed in [zero.err(), name.err(), text.err(), panic.err()] {
        ensure!(
            matches!(failed, Some(CallError::Server(_)) | None),
            "{failed:?}"
        );
    }
    let good: u32 = client
        .call_within(PATIENCE, "Panda.GetInfo", &100u32)
        .await?;
    ensure!(good == 200, "a strange panda: {good}");
    tell(server, since).await;
    println!(
        "   Look at the third. It was no number, and the server took it for one: 4, the length"
    );
    println!("   of `wire`, and then bytes were left over. That is all that gave it away.");
    Ok(())
}

async fn cancelled(server: &Peer) -> anyhow::Result<()> {
    title("5. A caller that waits 40 ms for an answer that takes 100");
    let client = dial(server.addr).await?;
    let since = now();
    let patience = Duration::from_millis(40);
    let late = client
        .call_within::<String>(patience, "hello.HelloLater", &("wire", 100u64))
        .await;
    ensure!(late == Err(CallError::TooSlow), "{late:?}");
    SCENE.note(format!("gives up. Calls that wait: {}", client.in_flight()));
    sleep(Duration::from_millis(80)).await;
    greet(&client).await?;
    tell(server, since).await;
    println!("   The server did not hear of it: the method ran to its end. Its reply found nobody");
    println!("   and was thrown away.");
    Ok(())
}

async fn behind_http() -> anyhow::Result<()> {
    title("6. One port, two languages: a web server that leads to the calls");
    let server = Peer::start(&["--narrate", "--http"]).await?;
    let mut browser = TcpStream::connect(server.addr).await?;
    browser
        .write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await?;
    let mut page = String::new();
    browser.read_to_string(&mut page).await?;
    println!("   GET / HTTP/1.1          ->  {}", first_and_last(&page));
    let mut caller = TcpStream::connect(server.addr).await?;
    caller
        .write_all(b"CONNECT /_rpc_ HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await?;
    let mut answer = [0; 256];
    let n = caller.read(&mut answer).await?;
    let answer = String::from_utf8_lossy(&answer[..n]).into_owned();
    println!(
        "   CONNECT /_rpc_ HTTP/1.1 ->  {}, and now frames:",
        answer.trim_end()
    );
    let settings = Settings {
        observe,
        ..Settings::default()
    };
    let client = Client::connect_http(server.addr, settings).await?;
    let since = now();
    let good: u32 = client
        .call_within(PATIENCE, "Panda.GetInfo", &100u32)
        .await?;
    ensure!(good == 200, "a strange panda: {good}");
    tell(&server, since).await;
    println!("   c8 01 is 200: seven bits a byte, the lowest first.");
    Ok(())
}

fn first_and_last(page: &str) -> String {
    let first = page.lines().next().unwrap_or_default();
    let last = page.lines().last().unwrap_or_default();
    format!("{first} ... {last}")
}

async fn stranger(server: &Peer) -> anyhow::Result<()> {
    title("7. A stranger frames its question well, and asks in JSON");
    let mut stream = TcpStream::connect(server.addr).await?;
    let since = now();
    let question = br#"{"method":"hello.HelloWorld","params":["wire"],"id":1}"#;
    frame::write_async(&mut stream, question, frame::LIMIT).await?;
    let answer = frame::read_async(&mut stream, frame::LIMIT).await;
    ensure!(
        !matches!(answer, Ok(Some(_))),
        "it was answered: {answer:?}"
    );
    SCENE.note("the stranger reads 0 bytes: nobody told it why");
    tell(server, since).await;
    Ok(())
}

async fn killed(server: &Peer) -> anyhow::Result<()> {
    title("8. The server is killed while three calls wait for it");
    let client = dial(server.addr).await?;
    greet(&client).await?;
    let mut calls = Vec::new();
    for _ in 0..3 {
        let client = client.clone();
        calls.push(tokio::spawn(async move {
            let call = client.call::<String>("hello.HelloLater", &("wire", 5000u64));
            let outcome = call.await;
            (outcome, Instant::now())
        }));
    }
    while client.in_flight() < 3 {
        sleep(Duration::from_millis(1)).await;
    }
    sleep(Duration::from_millis(20)).await;
    let killed = Instant::now();
    server.child.kill();
    for (number, call) in calls.into_iter().enumerate() {
        let (outcome, when) = call.await?;
        let Err(error) = outcome else {
            anyhow::bail!("a dead server has answered")
        };
        println!(
            "   call {} failed {:.1} ms after the kill: {error}",
            number + 1,
            when.duration_since(killed).as_secs_f64() * 1000.0
        );
    }
    // ANCHOR: bare-call
    let later = client.call::<String>("hello.HelloWorld", &"wire").await;
    // ANCHOR_END: bare-call
    println!(
        "   a call that begins now: {}",
        later.err().map_or_else(String::new, |e| e.to_string())
    );
    println!("   Nobody waited the 5 seconds. Whether the three methods had any effect before the");
    println!("   end, nobody here can know.");
    SCENE.forget();
    Ok(())
}
