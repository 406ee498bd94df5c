//! How many greeting calls a second one connection carries: the client for servers on tonic, on
//! grpc-go and on Python's grpcio alike. `python3 scripts/figures grpc` runs it against all of them, and
//! their clients beside it.
//!
//! ```text
//!   grpc-calls ADDR IN_FLIGHT CALLS    makes the calls, IN_FLIGHT of them at a time
//! ```
//!
//! It prints calls a second, and the median and the 99th percentile of a call in microseconds.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use l06_grpc::pb::greeter::HelloRequest;
use l06_grpc::pb::greeter::greeter_client::GreeterClient;
use tokio::task::JoinSet;
use tonic::transport::{Channel, Endpoint};

fn main() -> anyhow::Result<()> {
    // `cargo bench` adds a `--bench` of its own, and without an address there is nothing to measure.
    let words = std::env::args().skip(1).filter(|word| word != "--bench");
    let [addr, in_flight, calls] = &words.collect::<Vec<_>>()[..] else {
        println!(
            "usage: grpc-calls ADDR IN_FLIGHT CALLS; `python3 scripts/figures grpc` does it all"
        );
        return Ok(());
    };
    // One thread: on it tasks hand over to each other without waking another thread, and that is
    // most of what a short call costs. The server uses every core, as it always does.
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(run(addr, in_flight.parse()?, calls.parse()?))
}

async fn run(addr: &str, in_flight: usize, calls: usize) -> anyhow::Result<()> {
    // The generated client and nothing around it, as in the other languages.
    let channel = Endpoint::from_shared(format!("http://{addr}"))?
        .connect()
        .await
        .with_context(|| format!("no server answers at {addr}"))?;
    let client = GreeterClient::new(channel);
    // The first tenth of the calls comes on top and is not counted: everything is cold then.
    greet(client.clone(), calls / 10).await?;

    let since = Instant::now();
    let mut callers = JoinSet::new();
    for _ in 0..in_flight {
        callers.spawn(greet(client.clone(), calls / in_flight));
    }
    let mut times = Vec::with_capacity(calls);
    while let Some(done) = callers.join_next().await {
        times.extend(done??);
    }
    let took = since.elapsed();
    ensure!(!times.is_empty(), "no calls, no figures");
    times.sort_unstable();
    let micros = |of: Duration| of.as_secs_f64() * 1e6;
    println!(
        "{:.0} {:.1} {:.1}",
        times.len() as f64 / took.as_secs_f64(),
        micros(times[times.len() / 2]),
        micros(times[times.len() * 99 / 100])
    );
    Ok(())
}

/// Makes so many calls, one after the other, and tells how long each of them took.
async fn greet(mut client: GreeterClient<Channel>, calls: usize) -> anyhow::Result<Vec<Duration>> {
    let mut times = Vec::with_capacity(calls);
    for _ in 0..calls {
        let since = Instant::now();
        let name = "wire".to_string();
        let reply = client.say_hello(HelloRequest { name }).await?.into_inner();
        ensure!(reply.message == "hello wire", "{}", reply.message);
        times.push(since.elapsed());
    }
    Ok(times)
}
