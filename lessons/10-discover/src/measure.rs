//! One row of the ladder: what a call costs when it goes to a name. The Consul is another process where
//! there is a real one; the greeters are in this one.

use std::time::{Duration, Instant};

use anyhow::Context;
use l09_register::instance::Instance;
use l09_register::l06_grpc::client::{Client, Options};
use l09_register::l06_grpc::tap;
use l09_register::registry::Registry;
use l09_register::service;
use l10_discover::caller::{Caller, Settings};
use l10_discover::health::{Query, ask};
use services::consul::Setup;
use tokio::time::{sleep, timeout};

const CALLS: usize = 1000;

/// Measures and prints.
pub async fn run() -> anyhow::Result<()> {
    let profile = if cfg!(debug_assertions) {
        "debug build"
    } else {
        "release build"
    };
    println!("Starting a Consul, and three greeters ...");
    let consul = Setup::default().start().await?;
    let registry = Registry::at(consul.addr())?;
    let (mut services, mut taps) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        let service = service::start(service::Options::default()).await?;
        let (wire, counts) = tap::open(service.addr).await?;
        let mut instance = Instance::new("greeter", wire);
        // Checks would be in the way of the counting, and without them it passes.
        instance.checks.clear();
        registry.register(&instance).await?;
        services.push(service);
        taps.push(counts);
    }
    let query = Query::named("greeter");
    let caller = Caller::new(registry.clone(), query.clone(), Settings::default());
    let three = async |wanted: usize| {
        let mut snapshots = caller.snapshots();
        let waited = snapshots.wait_for(|snapshot| snapshot.instances.len() == wanted);
        anyhow::Ok(
            timeout(Duration::from_secs(60), waited)
                .await
                .context("the list")
                .map(drop)?,
        )
    };
    three(3).await?;
    println!(
        "Calling three greeters by their name, {CALLS} times each, {profile}, {} Consul.\n",
        consul.side()
    );

    println!("{:44}{:>10}{:>14}", "", "median µs", "99 of 100 µs");
    let direct = Client::connect(services[0].addr, Options::default()).await?;
    let one = times(async || {
        direct.greet("wire").await?;
        Ok(())
    });
    row("lesson 06: a call to an address", &one.await?);
    let called = async || {
        caller.greet("wire").await?;
        Ok(())
    };
    let named = times(called).await?;
    row("a call to the name", &named);
    let deadline = Duration::from_secs(5);
    let asked = times(async || {
        ask(&registry, &query, None, deadline).await?;
        Ok(())
    });
    row("one question to Consul, for comparison", &asked.await?);

    let before: u64 = taps
        .iter()
        .map(|tap| tap.read().there + tap.read().back)
        .sum();
    for _ in 0..100 {
        caller.greet("wire").await?;
    }
    sleep(Duration::from_millis(50)).await;
    let after: u64 = taps
        .iter()
        .map(|tap| tap.read().there + tap.read().back)
        .sum();
    let bytes = (after - before) / 100;
    println!("\nBytes on the wire, there and back:");
    println!("{bytes:>6}  a call to the name, on a connection that is open");
    let (wire, counts) = tap::open(consul.addr()).await?;
    let tapped = Registry::at(wire)?;
    ask(&tapped, &query, None, deadline).await?;
    sleep(Duration::from_millis(50)).await;
    let first = counts.read();
    ask(&tapped, &query, None, deadline).await?;
    sleep(Duration::from_millis(50)).await;
    let second = counts.read().since(first);
    println!(
        "{:>6}  a question to Consul: {} there, {} back, for three instances",
        second.there + second.back,
        second.there,
        second.back
    );

    let gone = Instance::new("greeter", "127.0.0.1:9".parse()?);
    let mut noticed = Vec::new();
    for _ in 0..20 {
        let mut instance = gone.clone();
        instance.checks.clear();
        // Longer than the watch rests after an answer.
        sleep(Duration::from_millis(100)).await;
        let since = Instant::now();
        registry.register(&instance).await?;
        three(4).await?;
        noticed.push(since.elapsed().as_secs_f64() * 1e3);
        registry.deregister(&instance.id).await?;
        three(3).await?;
    }
    noticed.sort_by(f64::total_cmp);
    println!(
        "\nFrom a registration to the caller's list, 20 times: median {:.1} ms, longest {:.1} ms",
        noticed[10], noticed[19]
    );

    println!("\nLines of code, without comments, blank lines and unit tests:");
    for (name, source) in SOURCES {
        println!("{:>6}  {name}", lines_of_code(source));
    }
    let code: usize = SOURCES
        .iter()
        .map(|(_, source)| lines_of_code(source))
        .sum();
    println!("\nYour row of the ladder:");
    println!("\n| lesson | bytes | µs | lines of code |\n|---|---|---|---|");
    println!("| 10 discover | {bytes} | {:.0} | {code} |", median(&named));
    for service in services {
        service.stop().await;
    }
    consul.stop().await;
    Ok(())
}

const SOURCES: [(&str, &str); 5] = [
    ("health.rs", include_str!("health.rs")),
    ("watch.rs", include_str!("watch.rs")),
    ("balance.rs", include_str!("balance.rs")),
    ("caller.rs", include_str!("caller.rs")),
    ("closed.rs", include_str!("closed.rs")),
];

/// How long each call took, in microseconds, the shortest first. The first tenth is thrown away:
/// caches are cold and the machine has other things to do.
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
        "{what:44}{:>10.1}{:>14.1}",
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
