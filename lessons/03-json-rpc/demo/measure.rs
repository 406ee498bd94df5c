//! One row of the ladder: what the greeting call costs in bytes, microseconds and lines of code.
//! The server is another process on the same machine.

use std::time::Duration;

use l03_json_rpc::client::{Client, Dialect, request};
use l03_json_rpc::v2::{Rpc, handler};
use l03_json_rpc::{go, services};
use serde_json::json;
use stage::measure::{PROFILE, Times, code, head, ladder_row};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::peer::Peer;

const CALLS: usize = 5000;
const TIMEOUT: Duration = Duration::from_secs(5);
const NAME: &str = "wire";
/// The columns of the words in front of the numbers.
const WORDS: usize = 38;
const METHOD: &str = "hello.HelloWorld";

/// Measures and prints.
pub async fn run() -> anyhow::Result<()> {
    println!("The greeting call for `{NAME}`, {CALLS} times each, {PROFILE}, this machine.\n");
    head(WORDS);

    let function = Times::of(CALLS, async || {
        std::hint::black_box(services::hello_world(std::hint::black_box(NAME)));
        Ok(())
    });
    function.await?.row("a function call", WORDS);

    let rpc = Rpc::new(handler());
    let lines = request(Dialect::Lines, METHOD, json!(NAME), 1);
    let json_only = Times::of(CALLS, async || {
        std::hint::black_box(rpc.answer(&lines).await);
        Ok(())
    });
    json_only
        .await?
        .row("2.0, request to reply, no wire", WORDS);

    let server = Peer::start()?;
    let client = Client::connect(server.lines, Dialect::Lines, TIMEOUT).await?;
    let call = Times::of(CALLS, async || greet(&client).await).await?;
    let call = call.row("2.0 over TCP, one connection", WORDS);

    let client = Client::connect(server.go, Dialect::Go, TIMEOUT).await?;
    let in_go = Times::of(CALLS, async || greet(&client).await).await?;
    in_go.row("Go's dialect over TCP", WORDS);

    let mut stream = TcpStream::connect(server.http).await?;
    stream.set_nodelay(true)?;
    let body = lines.trim_ascii_end();
    let head = format!(
        "POST / HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        server.http,
        body.len()
    );
    let post = [head.as_bytes(), body].concat();
    let (mut buf, mut answered) = (vec![0; 4096], 0);
    let posted = Times::of(CALLS, async || {
        stream.write_all(&post).await?;
        answered = stream.read(&mut buf).await?;
        Ok(())
    });
    posted.await?.row("2.0 over HTTP POST, kept open", WORDS);

    let reply = rpc.answer(&lines).await.unwrap_or_default();
    let go_request = request(Dialect::Go, METHOD, json!(NAME), 1);
    let go_reply = go::answer(&go_request, go::methods).unwrap_or_default();
    println!("\nBytes of the call, there and back:");
    for (name, there, back) in [
        ("2.0 over TCP", lines.len(), reply.len() + 1),
        ("Go's dialect", go_request.len(), go_reply.len() + 1),
        ("2.0 over HTTP", post.len(), answered),
    ] {
        println!("{there:>6} + {back:3}  {name}");
    }

    // A call of 2.0 over TCP does not need HTTP, Go's dialect and the beginning.
    let code = code(&SOURCES, &["first.rs", "http.rs", "go.rs"]);
    let bytes = lines.len() + reply.len() + 1;
    ladder_row("03 JSON-RPC", bytes as u64, call, code);
    Ok(())
}

const SOURCES: [(&str, &str); 9] = stage::sources![
    "first.rs",
    "json.rs",
    "services.rs",
    "split.rs",
    "v2.rs",
    "host.rs",
    "client.rs",
    "http.rs",
    "go.rs",
];

async fn greet(client: &Client) -> anyhow::Result<()> {
    client.call(METHOD, json!(NAME)).await?;
    Ok(())
}
