//! The demo: a Consul, and this program started several times as a greeter. The callers are tasks of
//! this process, and call without a pause.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context;
use l09_register::registry::Registry;
use l10_discover::cache::Freshness;
use l10_discover::caller::{CallOptions, Caller, Greeted};
use l10_discover::health::Query;
use l10_discover::watch::Snapshot;
use services::Side;
use services::consul::{Consul, Setup};
use stage::greeter::Greeter;
use stage::load::Load;
use stage::story::Clock;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use crate::show;

/// The limit for what happens within seconds on a quiet machine.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The time between two checks of a greeter, in milliseconds. 10 s is usual, and long to watch.
const CHECK_INTERVAL: &str = "3000";
/// What the greeters are started with.
const OPTIONS: [&str; 2] = ["--check-every-ms", CHECK_INTERVAL];

/// How many calls are under way at the same time.
const CALLERS: usize = 16;

/// Plays all scenes.
pub async fn run() -> anyhow::Result<()> {
    println!("Starting a Consul ...");
    let consul = Setup::default().start().await?;
    let which = match consul.side() {
        Side::Real => "the real one",
        Side::Embedded => "the embedded one of lesson 08, because there is no real one here",
    };
    println!(
        "It is {which}, at {}. Its checks run every {CHECK_INTERVAL} ms here; 10 s are usual.\n\
         Times are milliseconds since the beginning of the scene.",
        consul.addr()
    );
    let clock = Clock::start(0);
    let registry = Registry::at(consul.addr())?;
    let caller = Caller::new(registry, Query::named("greeter"), CallOptions::default());
    let mut greeters = start(&clock, &caller, consul.addr()).await?;
    by_name(&clock, &caller).await?;
    killed(&clock, &caller, &mut greeters).await?;
    added(&clock, &caller, consul.addr(), &mut greeters).await?;
    away(&clock, &caller, consul, &mut greeters).await?;
    println!(
        "\nNow in three terminals:\n\
         \n    cargo workbook services up consul\n    cargo run -p l10-discover -- server\n    \
         cargo run -p l10-discover -- client Ada --times 100 --pause-ms 200\n"
    );
    Ok(())
}

async fn start(clock: &Clock, caller: &Caller, consul: SocketAddr) -> anyhow::Result<Vec<Greeter>> {
    clock.scene("1. No healthy instance, then three");
    if let Err(error) = caller.greet("wire").await {
        clock.tell(0, &error.to_string());
    }
    let mut greeters = Vec::new();
    for _ in 0..3 {
        greeters.push(Greeter::start(consul, &OPTIONS, |_| {}).await?);
    }
    clock.tell(
        0,
        "three greeters have registered; each is critical until its first check",
    );
    list(clock, caller, |snapshot| snapshot.instances.len() == 3).await?;
    Ok(greeters)
}

async fn by_name(clock: &Clock, caller: &Caller) -> anyhow::Result<()> {
    clock.scene("2. Thirty calls to the name");
    let mut by: BTreeMap<String, u32> = BTreeMap::new();
    for number in 0..30 {
        let greeted = caller.greet("wire").await?;
        if number == 0 {
            clock.tell(0, &format!("{:?}, by {}", greeted.message, who(&greeted)));
        }
        *by.entry(who(&greeted)).or_default() += 1;
    }
    clock.tell(0, &counted(&by));
    Ok(())
}

async fn killed(clock: &Clock, caller: &Caller, greeters: &mut Vec<Greeter>) -> anyhow::Result<()> {
    clock.scene("3. Sixteen callers without a pause; one greeter is killed with -9");
    let load = callers(caller);
    sleep(Duration::from_secs(1)).await;
    let victim = greeters.remove(0);
    clock.tell(
        0,
        &format!(
            "{} calls so far; kill -9 {}",
            load.load.count().calls(),
            victim.id()
        ),
    );
    let since = Instant::now();
    victim.kill();
    let mut members = caller.members();
    wait(&mut members, |members| {
        !members.called.contains(&victim.addr)
    })
    .await?;
    clock.tell(
        0,
        &format!(
            "no more calls go to {}, {} ms after its end: it refuses connections",
            victim.addr,
            since.elapsed().as_millis()
        ),
    );
    let gone = |snapshot: &Snapshot| snapshot.instances.iter().all(|one| one.addr != victim.addr);
    list(clock, caller, gone).await?;
    clock.tell(
        0,
        &format!(
            "now Consul has noticed too, {:.1} s after its end",
            since.elapsed().as_secs_f64()
        ),
    );
    clock.tell(0, &load.end().await);
    Ok(())
}

async fn added(
    clock: &Clock,
    caller: &Caller,
    consul: SocketAddr,
    greeters: &mut Vec<Greeter>,
) -> anyhow::Result<()> {
    clock.scene("4. A new greeter registers");
    let load = callers(caller);
    let greeter = Greeter::start(consul, &OPTIONS, right(clock)).await?;
    let name = format!("greeter-{}-{}", greeter.addr.ip(), greeter.addr.port());
    list(clock, caller, |snapshot| snapshot.instances.len() == 3).await?;
    let called = load.load.answers_of(&name, 1, TIMEOUT).await;
    anyhow::ensure!(called, "the new greeter is never called");
    clock.tell(0, &format!("{name} answers its first call"));
    clock.tell(0, &load.end().await);
    greeters.push(greeter);
    Ok(())
}

async fn away(
    clock: &Clock,
    caller: &Caller,
    consul: Consul,
    greeters: &mut Vec<Greeter>,
) -> anyhow::Result<()> {
    clock.scene("5. Consul is stopped");
    let load = callers(caller);
    let addr = consul.addr();
    consul.stop().await;
    let stale = |snapshot: &Snapshot| matches!(snapshot.freshness, Freshness::Stale { .. });
    list(clock, caller, stale).await?;
    sleep(Duration::from_secs(1)).await;
    let victim = greeters.remove(0);
    victim.kill();
    clock.tell(
        0,
        &format!(
            "{} is killed, and there is no Consul to notice",
            victim.addr
        ),
    );
    let mut members = caller.members();
    wait(&mut members, |members| {
        !members.called.contains(&victim.addr)
    })
    .await?;
    clock.tell(0, "the callers have noticed, and leave it out");
    sleep(Duration::from_secs(1)).await;
    clock.tell(0, &load.end().await);

    clock.scene("6. Consul is back, with an empty catalog");
    let load = callers(caller);
    let consul = Setup::default().at(addr.port()).start().await?;
    let back = |snapshot: &Snapshot| {
        snapshot.freshness == Freshness::Current && snapshot.instances.len() == greeters.len()
    };
    list(clock, caller, back).await?;
    clock.tell(0, &load.end().await);
    greeters.clear();
    consul.stop().await;
    Ok(())
}

/// Prints each change of the list until `enough`.
async fn list(
    clock: &Clock,
    caller: &Caller,
    enough: impl Fn(&Snapshot) -> bool,
) -> anyhow::Result<()> {
    let mut snapshots = caller.snapshots();
    let until = async {
        loop {
            let snapshot = snapshots.borrow_and_update().clone();
            clock.tell(0, &format!("list: {}", show::words(&snapshot)));
            if enough(&snapshot) {
                return anyhow::Ok(());
            }
            snapshots.changed().await?;
        }
    };
    timeout(TIMEOUT, until)
        .await
        .context("the list does not change")?
}

async fn wait<T>(
    of: &mut watch::Receiver<T>,
    enough: impl FnMut(&T) -> bool,
) -> anyhow::Result<()> {
    let waited = timeout(TIMEOUT, of.wait_for(enough)).await;
    waited.context("what should happen did not")??;
    Ok(())
}

fn who(greeted: &Greeted) -> String {
    greeted
        .by
        .clone()
        .unwrap_or_else(|| "(no name)".to_string())
}

fn counted(by: &BTreeMap<String, u32>) -> String {
    let by = by.iter().map(|(name, calls)| format!("{name}: {calls}"));
    by.collect::<Vec<_>>().join(", ")
}

/// Prints what a greeter prints, further right.
fn right(clock: &Clock) -> impl Fn(&str) + Send + Sync + 'static {
    let clock = clock.clone();
    move |line| {
        let words = line
            .strip_prefix("registered: ")
            .map_or(line, |_| "registered");
        clock.tell(12, &format!("greeter: {words}"));
    }
}

/// Callers that call without a pause.
fn callers(caller: &Caller) -> Calls {
    let again = Arc::new(AtomicU64::new(0));
    let (caller, counted) = (caller.clone(), Arc::clone(&again));
    // A short pause, so that the numbers stay readable.
    let load = Load::start(CALLERS, Duration::from_millis(2), move || {
        let (caller, counted) = (caller.clone(), Arc::clone(&counted));
        async move {
            let greeted = caller.greet("wire").await;
            let greeted = greeted.map_err(|error| error.to_string())?;
            counted.fetch_add(u64::from(greeted.attempts > 1), Ordering::SeqCst);
            Ok(who(&greeted))
        }
    });
    Calls { load, again }
}

/// Running callers, and how many of their calls took more than one attempt.
struct Calls {
    load: Load,
    again: Arc<AtomicU64>,
}

impl Calls {
    /// Ends the calls. Returns their numbers in one line.
    async fn end(self) -> String {
        let count = self.load.stop().await;
        let first = count.failed.first();
        let first = first.map(|failure| format!(" ({})", failure.words));
        format!(
            "{} calls, {} of them retried, {} failed{}",
            count.calls(),
            self.again.load(Ordering::SeqCst),
            count.failed.len(),
            first.unwrap_or_default()
        )
    }
}
