//! The soak: visitors use the site for a while, and meanwhile its services, its Redis and its Consul are killed
//! and started again, one after the other. Each answer of the site is compared with the right one.

pub mod ledger;
mod memory;
mod people;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::site::{Setting, Site};
use ledger::{Counts, Ledger};
use memory::{Growth, Memory};
use people::Person;

/// What happens in a round.
const PHASES: [&str; 6] = [
    "calm",
    "service-1 is killed",
    "service-2 is killed",
    REDIS,
    "Consul is killed",
    "calm again",
];

/// The one in which the site cannot do its work.
const REDIS: &str = "Redis is killed";

/// A round takes no longer.
const ROUND: Duration = Duration::from_secs(60);

/// Between two looks at the memory.
const LOOK: Duration = Duration::from_millis(250);

/// Longer than any client waits for the site.
const STRAGGLERS: Duration = Duration::from_secs(5);

/// The settings of the soak.
#[derive(Clone)]
pub struct Plan {
    /// The site. It is run without limits.
    pub site: Setting,
    /// How long. What restarts take comes on top.
    pub time: Duration,
    /// How many people at the same time.
    pub people: usize,
}

/// The result of the soak.
#[derive(Clone, Debug)]
pub struct Report {
    /// What the people have met in each phase, all rounds together.
    pub phases: Vec<(&'static str, Counts)>,
    /// The memory of each process.
    pub memory: Vec<Growth>,
    /// Broken promises, in words.
    pub broken: Vec<String>,
    /// Those that found no room there.
    pub more: u64,
    /// How long it was.
    pub time: Duration,
}

impl Report {
    /// Whether all promises were kept.
    pub fn kept(&self) -> bool {
        self.broken.is_empty() && self.more == 0
    }
}

// ANCHOR: run
/// Runs it.
///
/// # Errors
/// If something does not start. Broken promises are in the report.
pub async fn run(plan: &Plan) -> anyhow::Result<Report> {
    let mut setting = plan.site.clone();
    // Or all people but the first few would only hear "too many".
    setting
        .of_service
        .extend(["--limits", "none"].map(str::to_string));
    let site = Site::open(setting).await?;
    let ledger = Arc::new(Ledger::new(PHASES.to_vec()));
    let (stop, stopped) = watch::channel(false);
    let mut people = JoinSet::new();
    let redis = codes(&site).await?;
    for number in 0..plan.people {
        let (redis, ledger) = (redis.clone(), Arc::clone(&ledger));
        let person = Person::new(number, site.web.addr, redis, ledger);
        people.spawn(person.come(stopped.clone()));
    }
    let rounds = (plan.time.as_secs() / ROUND.as_secs()).max(1);
    let rounds = u32::try_from(rounds).unwrap_or(u32::MAX);
    let phases = u32::try_from(PHASES.len()).unwrap_or(u32::MAX);
    let mut run = Run {
        site,
        ledger,
        memory: Memory::default(),
        since: Instant::now(),
        half: plan.time / rounds / phases / 2,
    };
    for round in 1..=rounds {
        run.log(&format!("round {round} of {rounds}"));
        run.round().await?;
    }
    stop.send_replace(true);
    while let Some(person) = people.join_next().await {
        person.context("a person")?;
    }
    run.end().await
}
// ANCHOR_END: run

/// A connection that comes back by itself when Redis does: the people look codes up.
async fn codes(site: &Site) -> anyhow::Result<ConnectionManager> {
    let client = redis::Client::open(format!("redis://{}/", site.redis.addr()))?;
    let config = ConnectionManagerConfig::new()
        .set_connection_timeout(Some(Duration::from_secs(1)))
        .set_response_timeout(Some(Duration::from_secs(1)))
        .set_max_delay(Duration::from_millis(100));
    Ok(ConnectionManager::new_with_config(client, config).await?)
}

struct Run {
    site: Site,
    ledger: Arc<Ledger>,
    memory: Memory,
    since: Instant,
    half: Duration,
}

impl Run {
    async fn round(&mut self) -> anyhow::Result<()> {
        for (phase, name) in PHASES.iter().enumerate() {
            self.ledger.begin(phase);
            self.log(name);
            match phase {
                1 | 2 => {
                    self.site.kill_service(phase - 1)?;
                    self.hold().await;
                    self.site.start_service(phase - 1).await?;
                }
                3 => {
                    // Before the restart: a code that is read from now on need not be valid later.
                    self.ledger.redis_turns();
                    self.site.redis.kill().await;
                    self.hold().await;
                    self.site.redis.start_again().await?;
                    self.ledger.redis_turns();
                    // What has begun without Redis is told so after three seconds at the latest, and belongs
                    // to this phase.
                    self.hold_for(STRAGGLERS.saturating_sub(self.half)).await;
                }
                4 => {
                    self.site.kill_consul().await;
                    self.hold().await;
                    self.site.start_consul().await?;
                }
                _ => self.hold().await,
            }
            if (1..=4).contains(&phase) {
                self.log("  it is there again");
            }
            self.hold().await;
        }
        Ok(())
    }

    /// Half a phase goes by.
    async fn hold(&mut self) {
        self.hold_for(self.half).await;
    }

    async fn hold_for(&mut self, time: Duration) {
        let until = Instant::now() + time;
        while Instant::now() < until {
            self.look();
            sleep(LOOK.min(until - Instant::now())).await;
        }
    }

    fn look(&mut self) {
        let at = self.since.elapsed();
        let own = std::process::id();
        let mut all = vec![("web".to_string(), self.site.web.process.id())];
        for service in self.site.services.iter().flatten() {
            all.push((service.process.name().to_string(), service.process.id()));
        }
        let consul = self.site.consul.as_ref().map_or(own, |consul| consul.pid());
        for (name, number) in [("redis", self.site.redis.pid()), ("consul", consul)] {
            // An embedded one is a part of this process.
            if number != own {
                all.push((name.to_string(), number));
            }
        }
        all.push(("the people".to_string(), own));
        for (name, number) in all {
            self.memory.look(&name, number, at);
        }
    }

    fn log(&self, words: &str) {
        let at = self.since.elapsed().as_secs_f64();
        tracing::info!("{at:7.1} s  {words}");
    }

    async fn end(self) -> anyhow::Result<Report> {
        let time = self.since.elapsed();
        // Consul and the services may come and go; pictures may fail only while Redis is away.
        for (name, counts) in self.ledger.phases() {
            if counts.no_picture > 0 && name != REDIS {
                let words = format!("{name}: {} pictures have failed", counts.no_picture);
                self.ledger.broken(words);
            }
        }
        let memory = self.memory.growth(time);
        for growth in memory.iter().filter(|growth| !growth.is_flat()) {
            let words = format!("memory grows: {}", of_memory(growth));
            self.ledger.broken(words);
        }
        self.site.end().await?;
        let (broken, more) = self.ledger.broken_promises();
        Ok(Report {
            phases: self.ledger.phases(),
            memory,
            broken,
            more,
            time,
        })
    }
}

fn of_memory(growth: &Growth) -> String {
    let mega = |bytes: u64| bytes >> 10;
    let Growth { name, first, last } = growth;
    format!(
        "{name:12} {:>8} kB, then {:>8} kB",
        mega(*first),
        mega(*last)
    )
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:20} {:>9} {:>9} {:>9} {:>7} {:>7} {:>7} {:>7} {:>9}",
            "phase", "requests", "pictures", "accepted", "wrong", "stale", "errors", "rate", "p99"
        )?;
        for (name, counts) in &self.phases {
            let errors = counts.failures();
            #[expect(clippy::cast_precision_loss, reason = "a share of a few thousands")]
            let rate = 100.0 * errors as f64 / counts.requests.max(1) as f64;
            writeln!(
                f,
                "{name:20} {:>9} {:>9} {:>9} {:>7} {:>7} {errors:>7} {rate:>6.2}% {:>6.0} ms",
                counts.requests,
                counts.pictures,
                counts.accepted,
                counts.wrong,
                counts.stale,
                counts.per_mille(990).as_secs_f64() * 1e3,
            )?;
        }
        for (name, counts) in &self.phases {
            for (words, times) in &counts.errors {
                writeln!(f, "  {name}: {times} x {words}")?;
            }
        }
        writeln!(f, "memory, in the first third and in the last:")?;
        for growth in &self.memory {
            writeln!(f, "  {}", of_memory(growth))?;
        }
        let count = self.broken.len() as u64 + self.more;
        writeln!(
            f,
            "{count} broken promises in {:.0} s",
            self.time.as_secs_f64()
        )?;
        for words in &self.broken {
            writeln!(f, "  {words}")?;
        }
        Ok(())
    }
}
