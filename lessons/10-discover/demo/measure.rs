//! One row of the ladder: what a call costs when it goes to a name. The Consul is another process where
//! there is a real one; the greeters are in this one.

use std::time::{Duration, Instant};

use anyhow::Context;
use l06_grpc::client::{Client, Options};
use l09_register::instance::Instance;
use l09_register::registry::Registry;
use l09_register::service;
use l10_discover::caller::{CallOptions, Caller};
use l10_discover::health::{Query, ask};
use services::consul::Setup;
use stage::measure::{PROFILE, Times, head, ladder};
use stage::tap::Tap;
use tokio::time::{sleep, timeout};

const CALLS: usize = 1000;
/// The width of the words in a table.
const COLUMNS: usize = 44;

/// Measures and prints.
pub async fn run() -> anyhow::Result<()> {
    println!("Starting a Consul, and three greeters ...");
    let consul = Setup::default().start().await?;
    let registry = Registry::at(consul.addr())?;
    let (mut services, mut taps) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        let service = service::start(service::Options::default()).await?;
        let counts = Tap::open(service.addr).await?;
        let mut instance = Instance::new("greeter", counts.addr);
        // Checks would be in the way of the counting, and without them it passes.
        instance.checks.clear();
        registry.register(&instance).await?;
        services.push(service);
        taps.push(counts);
    }
    let query = Query::named("greeter");
    let caller = Caller::new(registry.clone(), query.clone(), CallOptions::default());
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
        "Calling three greeters by their name, {CALLS} times each, {PROFILE}, {} Consul.\n",
        consul.side()
    );

    head(COLUMNS);
    let direct = Client::connect(services[0].addr, Options::default()).await?;
    let one = Times::of(CALLS, async || {
        direct.greet("wire").await?;
        Ok(())
    });
    one.await?.row("lesson 06: a call to an address", COLUMNS);
    let called = async || {
        caller.greet("wire").await?;
        Ok(())
    };
    let named = Times::of(CALLS, called).await?;
    let named = named.row("a call to the name", COLUMNS);
    let deadline = Duration::from_secs(5);
    let asked = Times::of(CALLS, async || {
        ask(&registry, &query, None, deadline).await?;
        Ok(())
    });
    (asked.await?).row("one question to Consul, for comparison", COLUMNS);

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
    let counts = Tap::open(consul.addr()).await?;
    let tapped = Registry::at(counts.addr)?;
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

    ladder("10 discover", bytes, named, &SOURCES);
    for service in services {
        service.stop().await;
    }
    consul.stop().await;
    Ok(())
}

const SOURCES: [(&str, &str); 5] = stage::sources![
    "health.rs",
    "cache.rs",
    "watch.rs",
    "balance.rs",
    "caller.rs",
];
