//! The demo: this program starts itself a second time as the server, calls it, and prints the messages of
//! both sides with their times. Its scenes delay, split and break on purpose: on one machine a call is nearly always
//! answered at once and in order, so wrong code would look right.

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
use crate::story::{SCENE, explain_reply, explain_request, observe, print};

/// The longest time for one call of the demo.
const LIMIT: Duration = Duration::from_secs(5);

/// Prints all scenes.
pub async fn run() -> anyhow::Result<()> {
    let server = Peer::start(&["--narrate"]).await?;
    println!(
        "Two processes. This one, {}, is the client. It has started itself again as the server:\n\
         \n    l02-rpc server --addr 127.0.0.1:0\n\
         \nThat is process {}, and it listens on {}. Times are milliseconds; the server's\n\
         side stands on the right.",
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
    independent_client(&server).await?;
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

async fn connect(addr: SocketAddr) -> anyhow::Result<Client> {
    let settings = Settings {
        observe,
        ..Settings::default()
    };
    Client::connect(addr, settings).await.context("connect")
}

async fn greet(client: &Client) -> anyhow::Result<()> {
    let greeting: String = client
        .call_within(LIMIT, "hello.HelloWorld", &"wire")
        .await?;
    ensure!(
        greeting == "wire hello world",
        "another greeting: {greeting}"
    );
    Ok(())
}

async fn greeting(server: &Peer) -> anyhow::Result<()> {
    title("1. The greeting call: hello.HelloWorld(\"wire\")");
    let client = connect(server.addr).await?;
    let since = now();
    greet(&client).await?;
    print(server, since).await;
    Ok(())
}

async fn byte_by_byte(server: &Peer) -> anyhow::Result<()> {
    title("2. The same call, one byte every 2 ms: what each byte means");
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
    explain_request(&body)?;
    let reply = frame::read_async(&mut stream, frame::LIMIT)
        .await?
        .context("a reply")?;
    println!("   back, {} bytes", reply.len() + 4);
    explain_reply(&reply)?;
    print(server, since).await;
    println!("   28 pieces, one call: the server reads until the frame is complete.");
    Ok(())
}

async fn out_of_order(server: &Peer) -> anyhow::Result<()> {
    title(
        "3. Three calls on one connection: the first takes 120 ms, the second 60, the third none",
    );
    let client = connect(server.addr).await?;
    let since = now();
    let call = |ms: u64| {
        let client = client.clone();
        async move {
            client
                .call_within::<String>(LIMIT, "hello.HelloLater", &("wire", ms))
                .await
        }
    };
    let (one, two, three) = tokio::join!(call(120), call(60), call(0));
    one?;
    two?;
    three?;
    print(server, since).await;
    println!(
        "   Replies come in the order in which the methods return. The id in a reply says which"
    );
    println!("   call it belongs to.");
    Ok(())
}

async fn failures(server: &Peer) -> anyhow::Result<()> {
    title("4. Four calls that fail, and one that does not, on the same connection");
    let client = connect(server.addr).await?;
    let since = now();
    let zero: Result<u32, _> = client.call_within(LIMIT, "Panda.GetInfo", &0u32).await;
    let name: Result<String, _> = client.call_within(LIMIT, "hello.HelloWord", &"wire").await;
    let text: Result<u32, _> = client.call_within(LIMIT, "Panda.GetInfo", &"wire").await;
    let panic: Result<u32, _> = client.call_within(LIMIT, "Panda.Wake", &()).await;
    for failed in [zero.err(), name.err(), text.err(), panic.err()] {
        ensure!(
            matches!(failed, Some(CallError::Server(_)) | None),
            "{failed:?}"
        );
    }
    let good: u32 = client.call_within(LIMIT, "Panda.GetInfo", &100u32).await?;
    ensure!(good == 200, "another value: {good}");
    print(server, since).await;
    println!(
        "   Look at call 3. Its argument was a text. The server read its first byte, the length 4,"
    );
    println!("   as a number, and rejected the call only because bytes were left over.");
    Ok(())
}

async fn cancelled(server: &Peer) -> anyhow::Result<()> {
    title("5. A timeout of 40 ms, and a method that takes 100 ms");
    let client = connect(server.addr).await?;
    let since = now();
    let limit = Duration::from_millis(40);
    let late = client
        .call_within::<String>(limit, "hello.HelloLater", &("wire", 100u64))
        .await;
    ensure!(late == Err(CallError::Timeout), "{late:?}");
    SCENE.note(format!(
        "the call timed out; pending calls: {}",
        client.in_flight()
    ));
    sleep(Duration::from_millis(80)).await;
    greet(&client).await?;
    print(server, since).await;
    println!("   The server does not learn of the timeout: the method ran to its end. The client");
    println!("   discarded the reply, because its table had no entry for this id.");
    Ok(())
}

async fn behind_http() -> anyhow::Result<()> {
    title("6. RPC behind HTTP: one port for browsers and for RPC clients");
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
    let good: u32 = client.call_within(LIMIT, "Panda.GetInfo", &100u32).await?;
    ensure!(good == 200, "another value: {good}");
    print(&server, since).await;
    println!("   c8 01 is 200: seven bits a byte, the lowest first.");
    Ok(())
}

fn first_and_last(page: &str) -> String {
    let first = page.lines().next().unwrap_or_default();
    let last = page.lines().last().unwrap_or_default();
    format!("{first} ... {last}")
}

async fn independent_client(server: &Peer) -> anyhow::Result<()> {
    title("7. An independent client sends JSON in a correct frame");
    let mut stream = TcpStream::connect(server.addr).await?;
    let since = now();
    let question = br#"{"method":"hello.HelloWorld","params":["wire"],"id":1}"#;
    frame::write_async(&mut stream, question, frame::LIMIT).await?;
    let answer = frame::read_async(&mut stream, frame::LIMIT).await;
    ensure!(
        !matches!(answer, Ok(Some(_))),
        "the server replied: {answer:?}"
    );
    SCENE.note("the client reads 0 bytes, without a reason");
    print(server, since).await;
    Ok(())
}

async fn killed(server: &Peer) -> anyhow::Result<()> {
    title("8. The server is killed while three calls are pending");
    let client = connect(server.addr).await?;
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
            anyhow::bail!("a killed server has replied")
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
        "   a call after that: {}",
        later.err().map_or_else(String::new, |e| e.to_string())
    );
    println!(
        "   No call waited the 5 seconds. The client cannot know whether the three methods had"
    );
    println!("   an effect before the server was killed.");
    SCENE.forget();
    Ok(())
}
