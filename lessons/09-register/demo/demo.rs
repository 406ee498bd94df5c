//! The demo: a Consul, and this program started again and again as a greeter. What a greeter says is
//! printed further right.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use l06_grpc::client::{Client, Options};
use l09_register::look::{self, States};
use l09_register::registry::Registry;
use l09_register::service::answered_by;
use services::Side;
use services::consul::{Consul, Setup};
use stage::greeter::Greeter;
use stage::story::Clock;
use tokio::net::TcpListener;
use tokio::time::{sleep, timeout};

/// How often Consul looks in the demo.
const OFTEN: &[&str] = &["--check-every-ms", "1000"];

/// What should happen within a second or two; the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// Tells the whole story.
pub async fn run() -> anyhow::Result<()> {
    println!("Starting a Consul ...");
    let consul = Setup::default().start().await?;
    let which = match consul.side() {
        Side::Real => "the real one",
        Side::Embedded => "the embedded one of lesson 08, because there is no real one here",
    };
    println!(
        "It is {which}, at {}. Its checks run every second here; registered as usual they\n\
         would run every 10. Times are milliseconds since the beginning of the scene.",
        consul.addr()
    );
    let clock = Clock::start(0);
    let registry = Registry::at(consul.addr())?;
    three(&clock, &registry).await?;
    not_ready(&clock, &registry).await?;
    advertised(&clock, &registry).await?;
    one_id(&clock, &registry).await?;
    later(&clock, consul).await?;
    println!(
        "\nNow in three terminals:\n\
         \n    cargo workbook services up consul\n    cargo run -p l09-register -- server\n    \
         cargo run -p l09-register -- list\n"
    );
    Ok(())
}

async fn three(clock: &Clock, registry: &Registry) -> anyhow::Result<()> {
    clock.scene("1. Three greeters register themselves");
    let mut greeters = Vec::new();
    for _ in 0..3 {
        greeters.push(Greeter::start(registry.addr(), OFTEN, right(clock)).await?);
    }
    clock.tell(
        0,
        "what Consul knows, whenever it changes; the port stands for the id:",
    );
    watch(clock, registry, |states| passing(states) == 3).await?;
    for greeter in &greeters {
        let client = Client::connect(greeter.addr, Options::default()).await?;
        let reply = client.greet("wire").await?;
        let by = answered_by(&reply).unwrap_or("no instance").to_string();
        let said = reply.into_inner().message;
        clock.tell(
            0,
            &format!("SayHello to {}: {said:?}, by {by}", greeter.addr),
        );
    }

    clock.scene("2. One of them is killed with -9, and one is asked to end");
    let victim = greeters.remove(0);
    let id = victim.id();
    victim.kill();
    clock.tell(
        0,
        &format!("process {id} was killed and did not deregister"),
    );
    watch(clock, registry, |states| passing(states) == 2).await?;
    let polite = greeters.remove(0);
    clock.tell(0, "Ctrl-C for another one");
    polite.interrupt().await?;
    tell_all(clock, registry).await?;
    clock.tell(0, "the killed one stays on the list as critical");
    clear(registry).await
}

async fn not_ready(clock: &Clock, registry: &Registry) -> anyhow::Result<()> {
    clock.scene("3. The port is open; the service says NOT_SERVING for 2.5 s");
    let options = [OFTEN, &["--warm-up-ms", "2500"]].concat();
    let greeter = Greeter::start(registry.addr(), &options, right(clock)).await?;
    watch(clock, registry, |states| passing(states) == 1).await?;
    drop(greeter);
    clear(registry).await
}

async fn advertised(clock: &Clock, registry: &Registry) -> anyhow::Result<()> {
    clock.scene("4. Bound to one port, advertised with another");
    let other = free_port().await?;
    let wrong = other.to_string();
    let options = [OFTEN, &["--advertise", &wrong]].concat();
    let greeter = Greeter::start(registry.addr(), &options, right(clock)).await?;
    clock.tell(0, &format!("it is bound to {}", greeter.addr));
    let states = until(registry, |states| {
        states
            .values()
            .any(|checks| checks.values().all(|seen| !seen.output.is_empty()))
    })
    .await?;
    for (id, checks) in &states {
        for (kind, seen) in checks {
            let output = seen.output.trim();
            let id = id.strip_prefix("greeter-127.0.0.1-").unwrap_or(id);
            clock.tell(0, &format!("{id:7} {kind} {}: {output}", seen.status));
        }
    }
    drop(greeter);
    clear(registry).await
}

async fn one_id(clock: &Clock, registry: &Registry) -> anyhow::Result<()> {
    clock.scene("5. Two greeters with one id");
    let options = [OFTEN, &["--id", "greeter"]].concat();
    let first = Greeter::start(registry.addr(), &options, right(clock)).await?;
    until(registry, |states| passing(states) == 1).await?;
    let second = Greeter::start(registry.addr(), &options, right(clock)).await?;
    sleep(Duration::from_millis(300)).await;
    let states = look::states(registry, "greeter").await?;
    for line in lines(&states) {
        clock.tell(0, &format!("Consul knows: {line}"));
    }
    for greeter in [&first, &second] {
        let client = Client::connect(greeter.addr, Options::default()).await?;
        client.greet("wire").await?;
        clock.tell(0, &format!("{} answers", greeter.addr));
    }
    clock.tell(0, "both run, and callers find the second one only");
    drop((first, second));
    clear(registry).await
}

async fn later(clock: &Clock, consul: Consul) -> anyhow::Result<()> {
    clock.scene("6. Consul goes away, and comes back with nothing in it");
    let addr = consul.addr();
    let registry = Registry::at(addr)?;
    let greeter = Greeter::start(addr, OFTEN, right(clock)).await?;
    until(&registry, |states| passing(states) == 1).await?;
    consul.stop().await;
    clock.tell(0, "Consul is gone");
    let client = Client::connect(greeter.addr, Options::default()).await?;
    let said = client.greet("wire").await?.into_inner().message;
    clock.tell(0, &format!("the greeter answers all the same: {said:?}"));
    sleep(Duration::from_secs(6)).await;
    clock.tell(0, "Consul is started again");
    let consul = Setup::default().at(addr.port()).start().await?;
    watch(clock, &registry, |states| passing(states) == 1).await?;
    drop(greeter);
    consul.stop().await;
    Ok(())
}

/// Looks until `enough`, and tells each change.
async fn watch(
    clock: &Clock,
    registry: &Registry,
    enough: impl Fn(&States) -> bool,
) -> anyhow::Result<()> {
    let mut last = Vec::new();
    until(registry, |states| {
        let now = lines(states);
        for line in now.iter().filter(|line| !last.contains(*line)) {
            clock.tell(0, line);
        }
        last = now;
        enough(states)
    })
    .await?;
    Ok(())
}

async fn until(
    registry: &Registry,
    mut enough: impl FnMut(&States) -> bool,
) -> anyhow::Result<States> {
    let look = async {
        loop {
            // While Consul starts, it may have no leader yet.
            if let Ok(states) = look::states(registry, "greeter").await
                && enough(&states)
            {
                return states;
            }
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, look)
        .await
        .context("what should happen did not")
}

/// Tells all that Consul knows.
async fn tell_all(clock: &Clock, registry: &Registry) -> anyhow::Result<()> {
    for line in lines(&look::states(registry, "greeter").await?) {
        clock.tell(0, &line);
    }
    Ok(())
}

/// Takes everything off the list that a scene has left there.
async fn clear(registry: &Registry) -> anyhow::Result<()> {
    for id in look::states(registry, "greeter").await?.keys() {
        registry.deregister(id).await?;
    }
    Ok(())
}

/// How many instances callers would get.
fn passing(states: &States) -> usize {
    let good = |checks: &&std::collections::BTreeMap<String, look::Seen>| {
        checks.values().all(|seen| seen.status == "passing")
    };
    states.values().filter(good).count()
}

/// Each instance in one line.
fn lines(states: &States) -> Vec<String> {
    let line = |(id, checks): (&String, &std::collections::BTreeMap<String, look::Seen>)| {
        let checks: Vec<String> = (checks.iter().rev())
            .map(|(kind, seen)| format!("{kind} {:8}", seen.status))
            .collect();
        let id = id.strip_prefix("greeter-127.0.0.1-").unwrap_or(id);
        format!("{id:7} {}", checks.join("  "))
            .trim_end()
            .to_string()
    };
    states.iter().map(line).collect()
}

/// A port that was free a moment ago.
async fn free_port() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0").await?.local_addr()?)
}

/// What a greeter prints, further right.
fn right(clock: &Clock) -> impl Fn(&str) + Send + Sync + 'static {
    let clock = clock.clone();
    move |line| clock.tell(12, &format!("greeter: {line}"))
}
