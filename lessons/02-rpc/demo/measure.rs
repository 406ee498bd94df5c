//! One row of the ladder: what the greeting call costs in bytes, microseconds and lines of code.
//! The server is another process on the same machine.

use std::sync::Arc;
use std::time::{Duration, Instant};

use l01_tcp::frame;
use l02_rpc::client::Client;
use l02_rpc::greeter::services;
use l02_rpc::message::{self, Reply, Request};
use l02_rpc::server::Settings;
use stage::measure::{PROFILE, Times, head, lines_of_code};
use tokio::task::JoinSet;

use crate::peer::Peer;

const CALLS: usize = 5000;
const CONNECTIONS: usize = 500;
const TOGETHER: usize = 64;
/// The longest time for one call.
const LIMIT: Duration = Duration::from_secs(5);
const NAME: &str = "wire";
/// The width of the column of words.
const WORDS: usize = 38;
const METHOD: &str = "hello.HelloWorld";

/// Measures and prints.
pub async fn run() -> anyhow::Result<()> {
    println!("The greeting call for `{NAME}`, {CALLS} times each, {PROFILE}, this machine.\n");
    head(WORDS);

    let services = Arc::new(services()?);
    let argument = message::encode(&NAME)?;
    let times = Times::of(CALLS, async || {
        services.call(METHOD, &argument).await?;
        Ok(())
    });
    times
        .await?
        .row("dispatch alone, without a connection", WORDS);

    let settings = Settings::default();
    let server = Peer::start(&[]).await?;
    let client = Client::connect(server.addr, settings).await?;
    let times = Times::of(CALLS, async || greet(&client).await);
    let call = times
        .await?
        .row("one connection, one call after another", WORDS);

    let times = Times::of(CONNECTIONS, async || {
        let client = Client::connect(server.addr, settings).await?;
        greet(&client).await
    });
    times.await?.row("a new connection for each call", WORDS);

    let http = Peer::start(&["--http"]).await?;
    let times = Times::of(CONNECTIONS, async || {
        let client = Client::connect_http(http.addr, settings).await?;
        greet(&client).await
    });
    times.await?.row("the same behind HTTP", WORDS);

    let since = Instant::now();
    for _ in 0..CALLS {
        greet(&client).await?;
    }
    let alone = since.elapsed();
    let together = in_flight(&client).await?;
    let a_second = |took: Duration| CALLS as f64 / took.as_secs_f64();
    println!(
        "\nCalls a second on one connection: {:.0} one after another, {:.0} with {TOGETHER} in flight.",
        a_second(alone),
        a_second(together)
    );

    let request = message::encode(&Request {
        id: 1,
        method: METHOD,
        argument: &argument,
    })?;
    let value = message::encode(&format!("{NAME} hello world"))?;
    let reply = message::encode(&Reply {
        id: 1,
        outcome: Ok(&value),
    })?;
    let there = frame::encode(&request, frame::LIMIT)?.len();
    let back = frame::encode(&reply, frame::LIMIT)?.len();
    println!("Bytes of the call: {there} there, {back} back; lesson 01 took 5 and 17.\n");

    println!("Lines of code, without comments, blank lines and unit tests:");
    let mut lines = 0;
    for (name, source) in [
        ("message.rs", include_str!("../src/message.rs")),
        ("service.rs", include_str!("../src/service.rs")),
        ("writer.rs", include_str!("../src/writer.rs")),
        ("server.rs", include_str!("../src/server.rs")),
        ("client.rs", include_str!("../src/client.rs")),
        ("http.rs", include_str!("../src/http.rs")),
    ] {
        lines += lines_of_code(source);
        println!("{:>6}  {name}", lines_of_code(source));
    }
    println!("\nYour row of the ladder:");
    println!("\n| lesson | bytes | µs | lines of code |\n|---|---|---|---|");
    println!("| 02 RPC | {} | {call:.0} | {lines} |", there + back);
    Ok(())
}

async fn greet(client: &Client) -> anyhow::Result<()> {
    client.call_within::<String>(LIMIT, METHOD, &NAME).await?;
    Ok(())
}

/// How long the calls take with 64 of them in flight.
async fn in_flight(client: &Client) -> anyhow::Result<Duration> {
    let since = Instant::now();
    let mut callers = JoinSet::new();
    for number in 0..TOGETHER {
        let client = client.clone();
        // All calls together are `CALLS`.
        let calls = CALLS / TOGETHER + usize::from(number < CALLS % TOGETHER);
        callers.spawn(async move {
            for _ in 0..calls {
                greet(&client).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(done) = callers.join_next().await {
        done??;
    }
    Ok(since.elapsed())
}
