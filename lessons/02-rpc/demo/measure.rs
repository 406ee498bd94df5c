//! One row of the ladder: what the greeting call costs in bytes, microseconds and lines of code.
//! The server is another process on the same machine.

use std::sync::Arc;
use std::time::{Duration, Instant};

use l01_tcp::frame;
use l02_rpc::client::Client;
use l02_rpc::greeter::services;
use l02_rpc::message::{self, Reply, Request};
use l02_rpc::server::Settings;
use stage::measure::{PROFILE, Times, head, ladder};
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
    println!("Bytes of the call: {there} there, {back} back; lesson 01 took 5 and 17.");

    ladder("02 RPC", (there + back) as u64, call, &SOURCES);
    Ok(())
}

const SOURCES: [(&str, &str); 6] = stage::sources![
    "message.rs",
    "service.rs",
    "writer.rs",
    "server.rs",
    "client.rs",
    "http.rs",
];

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
