//! One row of the ladder: what it costs to be registered. The Consul and the greeter are other
//! processes where there is a real Consul; only the machine is the same.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::Context;
use l09_register::instance::Instance;
use l09_register::look;
use l09_register::registry::Registry;
use services::Side;
use services::consul::Setup;
use stage::greeter::Greeter;
use stage::measure::{PROFILE, Times, head, ladder};
use stage::tap::Tap;
use tokio::time::sleep;

const CALLS: usize = 1000;
/// The width of the words in a table.
const COLUMNS: usize = 38;

/// How long the checks are watched, and how often they run meanwhile: less than a second is a second
/// for Consul.
const WATCHED: Duration = Duration::from_secs(8);
const OFTEN: Duration = Duration::from_secs(1);

/// How often an instance is registered to see when it passes.
const TIMES: usize = 9;

/// Measures and prints.
pub async fn run() -> anyhow::Result<()> {
    println!("Starting a Consul ...");
    let consul = Setup::default().start().await?;
    println!(
        "Registering with the {} Consul, {CALLS} times each, {PROFILE}, this machine.\n",
        consul.side()
    );
    let greeter = Greeter::start(consul.addr(), &[], |_| {}).await?;
    let registry = Registry::at(consul.addr())?;
    let instance = Instance::new("measured", greeter.addr);

    head(COLUMNS);
    let register = async || Ok(registry.register(&instance).await?);
    let register = Times::of(CALLS, register).await?;
    let register = register.row("registered, again and again", COLUMNS);
    let knows = Times::of(CALLS, async || {
        anyhow::ensure!(registry.knows(&instance.id).await?, "forgotten");
        Ok(())
    });
    (knows.await?).row("asked whether it is still known", COLUMNS);
    registry.deregister(&instance.id).await?;

    let counts = Tap::open(consul.addr()).await?;
    let tapped = Registry::at(counts.addr)?;
    let mut last = counts.read();
    println!("\nBytes on the wire, there and back, on a connection that is open:");
    let mut all = 0;
    for what in ["opened", "register", "look", "deregister"] {
        match what {
            "register" => tapped.register(&instance).await?,
            "deregister" => tapped.deregister(&instance.id).await?,
            _ => drop(tapped.knows(&instance.id).await?),
        }
        // The last bytes may still be on their way through the tap.
        sleep(Duration::from_millis(50)).await;
        let bytes = counts.read().since(last);
        last = counts.read();
        if what != "opened" {
            println!("{:>6} + {:3}  {what}", bytes.there, bytes.back);
        }
        if what == "register" {
            all = bytes.there + bytes.back;
        }
    }

    checks(&registry, greeter.addr).await?;
    until_passing(&registry, greeter.addr).await?;

    ladder("09 register", all, register, &SOURCES);
    if consul.side() == Side::Embedded {
        println!("\n(The embedded Consul is part of this process; a real one takes longer.)");
    }
    drop(greeter);
    consul.stop().await;
    Ok(())
}

/// What the agent's questions cost: each check goes through a tap of its own.
async fn checks(registry: &Registry, greeter: SocketAddr) -> anyhow::Result<()> {
    println!("\nBytes of one check, there and back, its connection included:");
    for kind in ["tcp", "grpc"] {
        let counts = Tap::open(greeter).await?;
        let mut instance = Instance::new(kind, counts.addr).checked_every(OFTEN);
        instance.checks.remove(usize::from(kind == "tcp"));
        registry.register(&instance).await?;
        sleep(WATCHED).await;
        registry.deregister(&instance.id).await?;
        sleep(OFTEN * 2).await;
        // Each attempt dials.
        let seen = counts.read();
        let attempts = seen.connections.max(1);
        let (there, back) = (seen.there / attempts, seen.back / attempts);
        println!("{there:>6} + {back:3}  {kind}, {attempts} attempts");
    }
    println!("With an interval of 10 s each of them runs 360 times an hour, for each instance.");
    Ok(())
}

/// How long after its registration an instance passes.
async fn until_passing(registry: &Registry, greeter: SocketAddr) -> anyhow::Result<()> {
    let mut waited = Vec::new();
    for _ in 0..TIMES {
        let instance = Instance::new("late", greeter).checked_every(OFTEN);
        let since = Instant::now();
        registry.register(&instance).await?;
        loop {
            let states = look::states(registry, "late").await?;
            let checks = states.get(&instance.id).context("it is registered")?;
            if checks.values().all(|seen| seen.status == "passing") {
                break;
            }
            anyhow::ensure!(since.elapsed() < OFTEN * 60, "it never passes");
            sleep(Duration::from_millis(5)).await;
        }
        waited.push(since.elapsed().as_secs_f64() * 1e3);
        registry.deregister(&instance.id).await?;
    }
    waited.sort_by(f64::total_cmp);
    println!(
        "\nFrom registered to passing, two checks of 1 s each, {TIMES} times: median {:.0} ms, {:.0} to {:.0} ms",
        waited[TIMES / 2],
        waited[0],
        waited[TIMES - 1]
    );
    Ok(())
}

const SOURCES: [(&str, &str); 5] = stage::sources![
    "instance.rs",
    "advertise.rs",
    "registry.rs",
    "keep.rs",
    "service.rs",
];
