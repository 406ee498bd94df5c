//! The rolling restart: three instances, each of them asked to end and started again in turn, while
//! callers call all the time.

use std::fmt;
use std::time::Duration;

use stage::load::Count;
use tracing::info;

use super::{Scene, Setting, heard_of, ms, named};

/// One restart.
#[derive(Clone, Debug)]
pub struct Restart {
    /// Who was asked to end.
    pub old: String,
    /// Who came in its place.
    pub new: String,
    /// How many calls the old one had answered before it was asked.
    #[allow(dead_code, reason = "only the tests look at it")]
    pub before: u64,
    /// How many calls ended while it was leaving, of all instances.
    pub meanwhile: u64,
    /// How many of these it answered itself.
    pub by_the_leaver: u64,
    /// From the question to the end of its process.
    pub leaving: Duration,
    /// From there until callers had an answer of the new one.
    pub back: Duration,
}

/// The result of all restarts.
#[derive(Clone, Debug)]
pub struct Report {
    /// Every restart, in its order.
    pub restarts: Vec<Restart>,
    /// What became of all calls.
    pub count: Count,
}

/// Restarts all three instances in turn, so many times. `careless` ones just end.
///
/// # Errors
/// If something of the scene does not work; a call that fails is counted, and no error.
pub async fn run(setting: &Setting, rounds: u32, careless: bool) -> anyhow::Result<Report> {
    let mut scene = Scene::open(setting, careless).await?;
    let mut restarts = Vec::new();
    for round in 1..=rounds {
        info!("round {round} of {rounds}");
        for place in 0..scene.fleet.len() {
            restarts.push(restart(&mut scene, place, round + 1).await?);
            let failed = scene.load.count().failed.len();
            if let Some(restart) = restarts.last() {
                info!("{restart}; failed calls so far: {failed}");
            }
        }
    }
    let count = scene.load.stop().await;
    scene.consul.stop().await;
    Ok(Report { restarts, count })
}

async fn restart(scene: &mut Scene, place: usize, time: u32) -> anyhow::Result<Restart> {
    let old = scene.fleet.remove(place);
    let (name, addr) = (old.name.clone(), old.addr);
    let before = scene.load.count();
    let leaving = old.ask_to_end().await?;
    let ended = tokio::time::Instant::now();
    let after = scene.load.count();
    let new = scene.plan.start(&named(place + 1, time), addr).await?;
    heard_of(&scene.load, &new.name).await?;
    let restart = Restart {
        before: before.of(&name),
        meanwhile: after.calls() - before.calls(),
        by_the_leaver: after.of(&name) - before.of(&name),
        leaving,
        back: ended.elapsed(),
        old: name,
        new: new.name.clone(),
    };
    scene.fleet.insert(place, new);
    Ok(restart)
}

impl fmt::Display for Restart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} left in {}, {} calls meanwhile, {} of them its own; {} answers after {}",
            self.old,
            ms(self.leaving),
            self.meanwhile,
            self.by_the_leaver,
            self.new,
            ms(self.back)
        )
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} restarts, {} calls, {} failed; the longest call took {}",
            self.restarts.len(),
            self.count.calls(),
            self.count.failed.len(),
            ms(self.count.longest())
        )?;
        super::failures(f, &self.count)
    }
}
