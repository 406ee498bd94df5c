//! Consul away: it is killed under load and comes back later, with nothing in it. The services are
//! well all the while, so calls go on.

use std::fmt;
use std::time::Duration;

use l10_discover::cache::Freshness;
use l10_discover::watch::Snapshot;
use services::consul::Setup;
use stage::child::place;
use stage::load::Count;
use tokio::time::{Instant, sleep, timeout};
use tracing::info;

use super::{PATIENCE, Scene, Setting, heard_of, ms, named};

/// The result.
#[derive(Clone, Debug)]
pub struct Report {
    /// For how long Consul was away.
    pub away: Duration,
    /// How many calls ended while it was.
    pub meanwhile: u64,
    /// From its return until all three had registered again, by themselves.
    pub registered: Duration,
    /// From its return until it listed all three as healthy.
    pub listed: Duration,
    /// From the start of a fourth instance until callers had an answer of it: the list is read again.
    pub fourth: Duration,
    /// What became of all calls.
    pub count: Count,
}

/// Kills Consul, waits for so long, and starts it again on the same port.
///
/// # Errors
/// If something of the scene does not work; a call that fails is counted, and no error.
pub async fn run(setting: &Setting, away: Duration) -> anyhow::Result<Report> {
    let Scene {
        consul,
        plan,
        fleet,
        load,
        mut list,
        caller,
    } = Scene::open(setting, false).await?;
    let (side, addr) = (consul.side(), consul.addr());
    let mut registrations: Vec<_> = fleet.iter().map(|one| one.registrations()).collect();
    for times in &mut registrations {
        times.mark_unchanged();
    }
    let before = load.count();
    consul.stop().await;
    let gone = Instant::now();
    info!("Consul is killed");
    for second in (5..=away.as_secs()).step_by(5) {
        sleep((gone + Duration::from_secs(second)).saturating_duration_since(Instant::now())).await;
        let count = load.count();
        info!(
            "  {second:3} s without Consul: {} calls, {} failed",
            count.calls() - before.calls(),
            count.failed.len()
        );
    }
    sleep((gone + away).saturating_duration_since(Instant::now())).await;
    let meanwhile = load.count().calls() - before.calls();
    let consul = Setup::of(side).at(addr.port()).start().await?;
    let (back, away) = (Instant::now(), gone.elapsed());
    info!("Consul is back at {addr}, with an empty list");
    for times in &mut registrations {
        let again = timeout(PATIENCE, times.changed()).await;
        anyhow::ensure!(again.is_ok(), "an instance has not registered again");
    }
    let registered = back.elapsed();
    info!("all three are registered again after {}", ms(registered));
    let all = |list: &Snapshot| list.instances.len() == 3 && list.freshness == Freshness::Current;
    let fresh = timeout(PATIENCE, list.wait_for(all)).await.is_ok();
    anyhow::ensure!(fresh, "Consul is back, and callers have not heard of it");
    let listed = back.elapsed();
    info!("and healthy after {}", ms(listed));
    // A list that is only remembered would never show this one.
    let since = Instant::now();
    let fourth = plan.start(&named(4, 1), place()?).await?;
    heard_of(&load, &fourth.name).await?;
    let took = since.elapsed();
    info!("a fourth instance is called {} after its start", ms(took));
    let count = load.stop().await;
    drop((fourth, fleet, caller));
    consul.stop().await;
    Ok(Report {
        away,
        meanwhile,
        registered,
        listed,
        fourth: took,
        count,
    })
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} without Consul, {} calls meanwhile; {} calls in all, {} failed; the longest took {}",
            ms(self.away),
            self.meanwhile,
            self.count.calls(),
            self.count.failed.len(),
            ms(self.count.longest())
        )?;
        writeln!(
            f,
            "registered again after {}, healthy after {}, a new one called after {}",
            ms(self.registered),
            ms(self.listed),
            ms(self.fourth)
        )?;
        super::failures(f, &self.count)
    }
}
