//! One row of the ladder: what the greeting call costs in bytes, microseconds and lines of code.
//! The server is another process, as it would be in real life; only the machine is the same.

use std::time::{Duration, Instant};

use l03_json_rpc::client::{Client, Dialect, request};
use l03_json_rpc::v2::{Rpc, handler};
use l03_json_rpc::{go, services};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::peer::Peer;

const CALLS: usize = 5000;
const PATIENCE: Duration = Duration::from_secs(5);
const NAME: &str = "wire";
const METHOD: &str = "hello.HelloWorld";

/// Measures and prints.
pub async fn run() -> anyhow::Result<()> {
    let profile = if cfg!(debug_assertions) {
        "debug build"
    } else {
        "release build"
    };
    println!("The greeting call for `{NAME}`, {CALLS} times each, {profile}, this machine.\n");
    println!("{:38}{:>10}{:>14}", "", "median µs", "99 of 100 µs");

    let function = times(async || {
        std::hint::black_box(services::hello_world(std::hint::black_box(NAME)));
        Ok(())
    });
    row("a function call", &function.await?);

    let rpc = Rpc::new(handler());
    let lines = request(Dialect::Lines, METHOD, json!(NAME), 1);
    let json_only = times(async || {
        std::hint::black_box(rpc.answer(&lines).await);
        Ok(())
    });
    row("2.0, request to reply, no wire", &json_only.await?);

    let server = Peer::start()?;
    let client = Client::connect(server.lines, Dialect::Lines, PATIENCE).await?;
    let call = times(async || greet(&client).await).await?;
    row("2.0 over TCP, one connection", &call);

    let client = Client::connect(server.go, Dialect::Go, PATIENCE).await?;
    let in_go = times(async || greet(&client).await).await?;
    row("Go's dialect over TCP", &in_go);

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
    let posted = times(async || {
        stream.write_all(&post).await?;
        answered = stream.read(&mut buf).await?;
        Ok(())
    });
    row("2.0 over HTTP POST, kept open", &posted.await?);

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

    println!("\nLines of code, without comments, blank lines and unit tests:");
    for (name, source) in SOURCES {
        println!("{:>6}  {name}", lines_of_code(source));
    }
    // A call of 2.0 over TCP needs these; the other files are HTTP, Go's dialect and the beginning.
    let needed = [
        "json.rs",
        "services.rs",
        "split.rs",
        "v2.rs",
        "host.rs",
        "client.rs",
    ];
    let code: usize = SOURCES
        .iter()
        .filter(|(name, _)| needed.contains(name))
        .map(|(_, source)| lines_of_code(source))
        .sum();
    println!("\nYour row of the ladder:");
    println!("\n| lesson | bytes | µs | lines of code |\n|---|---|---|---|");
    println!(
        "| 03 JSON-RPC | {} | {:.0} | {code} |",
        lines.len() + reply.len() + 1,
        median(&call)
    );
    Ok(())
}

const SOURCES: [(&str, &str); 9] = [
    ("first.rs", include_str!("../src/first.rs")),
    ("json.rs", include_str!("../src/json.rs")),
    ("services.rs", include_str!("../src/services.rs")),
    ("split.rs", include_str!("../src/split.rs")),
    ("v2.rs", include_str!("../src/v2.rs")),
    ("host.rs", include_str!("../src/host.rs")),
    ("client.rs", include_str!("../src/client.rs")),
    ("http.rs", include_str!("../src/http.rs")),
    ("go.rs", include_str!("../src/go.rs")),
];

async fn greet(client: &Client) -> anyhow::Result<()> {
    client.call(METHOD, json!(NAME)).await?;
    Ok(())
}

/// How long each of so many calls took, in microseconds, the shortest first. The first tenth of
/// them is thrown away: caches are cold and the machine has other things to do.
async fn times(mut call: impl AsyncFnMut() -> anyhow::Result<()>) -> anyhow::Result<Vec<f64>> {
    let mut times = Vec::with_capacity(CALLS);
    for _ in 0..CALLS + CALLS / 10 {
        let since = Instant::now();
        call().await?;
        times.push(since.elapsed().as_secs_f64() * 1e6);
    }
    let mut times = times.split_off(CALLS / 10);
    times.sort_by(f64::total_cmp);
    Ok(times)
}

fn median(times: &[f64]) -> f64 {
    times[times.len() / 2]
}

fn row(what: &str, times: &[f64]) {
    println!(
        "{what:38}{:>10.1}{:>14.1}",
        median(times),
        times[times.len() * 99 / 100]
    );
}

/// Counts what a reader has to understand.
fn lines_of_code(source: &str) -> usize {
    let code = source.split("#[cfg(test)]").next().unwrap_or(source);
    code.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("//"))
        .count()
}
