//! How many greeting calls a second one connection carries; the other side of the comparison with
//! Go's `net/rpc` in `interop/go/bench`. `python3 scripts/figures rpc` runs both.
//!
//! ```text
//!   calls ADDR IN_FLIGHT CALLS    makes the calls, IN_FLIGHT of them at a time
//! ```
//!
//! It prints calls a second, and the median and the 99th percentile of a call in microseconds.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use l02_rpc::client::Client;
use l02_rpc::server::Settings;
use tokio::task::JoinSet;

fn main() -> anyhow::Result<()> {
    // `cargo bench` adds a `--bench` of its own, and without an address there is nothing to measure.
    let words = std::env::args().skip(1).filter(|word| word != "--bench");
    let [addr, in_flight, calls] = &words.collect::<Vec<_>>()[..] else {
        println!("usage: calls ADDR IN_FLIGHT CALLS; `python3 scripts/figures rpc` does it all");
        return Ok(());
    };
    // One thread: its tasks continue without waking another thread, which is most of the cost of a short
    // call. The server uses every core.
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(run(addr.parse()?, in_flight.parse()?, calls.parse()?))
}

async fn run(addr: SocketAddr, in_flight: usize, calls: usize) -> anyhow::Result<()> {
    let client = Client::connect(addr, Settings::default())
        .await
        .with_context(|| format!("no server answers at {addr}"))?;
    // A tenth of the calls comes first and is not counted: caches are cold.
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

/// Makes so many calls, one after the other, and returns the time of each.
async fn greet(client: Client, calls: usize) -> anyhow::Result<Vec<Duration>> {
    let mut times = Vec::with_capacity(calls);
    for _ in 0..calls {
        let since = Instant::now();
        let reply: String = client.call("hello.HelloWorld", &"wire").await?;
        ensure!(reply == "wire hello world", "{reply}");
        times.push(since.elapsed());
    }
    Ok(times)
}
