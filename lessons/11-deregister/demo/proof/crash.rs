//! The crash: one of three is killed under load. It does not deregister; a check has to notice, and
//! callers must not wait for that.

use std::fmt;
use std::time::Duration;

use l09_register::registry::Registry;
use stage::load::Count;
use stage::measure::Times;
use tokio::time::{sleep, timeout};
use tracing::info;

/// A minute as critical, a sweep every 30 s, and a busy machine.
const REAPED: Duration = Duration::from_secs(180);

use super::{PATIENCE, Scene, Setting, heard_of, ms, named};

/// One death.
#[derive(Clone, Copy, Debug)]
pub struct Death {
    /// From the kill until no caller called it any more.
    pub called: Duration,
    /// From the kill until it was off the callers' list.
    pub listed: Duration,
    /// How many calls ended between the kill and that.
    pub meanwhile: u64,
}

/// The result of all crashes.
#[derive(Clone, Debug)]
pub struct Report {
    /// Every death, in its order.
    pub deaths: Vec<Death>,
    /// From the last kill until Consul had cleared the entry away, if that was waited for.
    pub reaped: Option<Duration>,
    /// What became of all calls.
    pub count: Count,
}

/// Kills one of three, waits until it is not listed as healthy, starts another one; so many times.
/// With `reaped`, the last one stays dead until Consul has cleared its entry away, which takes a minute
/// and a half.
///
/// # Errors
/// If something of the scene does not work; a call that fails is counted, and no error.
pub async fn run(setting: &Setting, rounds: u32, reaped: bool) -> anyhow::Result<Report> {
    let mut scene = Scene::open(setting, false).await?;
    let (mut deaths, mut cleared) = (Vec::new(), None);
    for round in 1..=rounds {
        let place = deaths.len() % scene.fleet.len();
        let dead = scene.fleet.remove(place);
        let (name, addr, id) = (dead.name.clone(), dead.addr, dead.id.clone());
        let (mut members, mut list) = (scene.caller.members(), scene.list.clone());
        let before = scene.load.count();
        let killed = dead.kill();
        info!("kill -9 {name}, round {round} of {rounds}");
        // Both are watched at the same time: each has to be seen when it happens.
        let called = async {
            let _ = members
                .wait_for(|members| !members.called.contains(&addr))
                .await;
            killed.elapsed()
        };
        let listed = async {
            let gone = list.wait_for(|list| list.instances.iter().all(|one| one.addr != addr));
            let _ = gone.await;
            killed.elapsed()
        };
        let both = async { tokio::join!(called, listed) };
        let Ok((called, listed)) = timeout(PATIENCE, both).await else {
            anyhow::bail!("{name} is dead, and still on the list after {PATIENCE:?}");
        };
        let after = scene.load.count();
        let death = Death {
            called,
            listed,
            meanwhile: after.calls() - before.calls(),
        };
        info!("{death}; failed calls so far: {}", after.failed.len());
        deaths.push(death);
        if reaped && round == rounds {
            info!("its entry is critical, and still there");
            let registry = Registry::at(scene.consul.addr())?;
            while registry.knows(&id).await? {
                anyhow::ensure!(killed.elapsed() < REAPED, "its entry is never cleared away");
                sleep(Duration::from_millis(100)).await;
            }
            cleared = Some(killed.elapsed());
            info!("cleared away {} after the kill", ms(killed.elapsed()));
            break;
        }
        let time = 2 + (round - 1) / 3;
        let new = scene.plan.start(&named(place + 1, time), addr).await?;
        heard_of(&scene.load, &new.name).await?;
        scene.fleet.insert(place, new);
    }
    let count = scene.load.stop().await;
    scene.consul.stop().await;
    Ok(Report {
        deaths,
        reaped: cleared,
        count,
    })
}

impl fmt::Display for Death {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the last call after {}, not listed as healthy after {}, {} calls meanwhile",
            ms(self.called),
            ms(self.listed),
            self.meanwhile
        )
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} deaths, {} calls, {} failed; the longest call took {}",
            self.deaths.len(),
            self.count.calls(),
            self.count.failed.len(),
            ms(self.count.longest())
        )?;
        let times = |time: fn(&Death) -> Duration| {
            let times: Vec<Duration> = self.deaths.iter().map(time).collect();
            Times::from(times)
        };
        let micros = |micros: f64| ms(Duration::from_secs_f64(micros / 1e6));
        for (what, times) in [
            ("from kill until the last call", times(|death| death.called)),
            (
                "from kill to removal from the callers' list",
                times(|death| death.listed),
            ),
        ] {
            let (median, worst) = (micros(times.median()), micros(times.within(100)));
            writeln!(f, "{what}: median {median}, worst {worst}")?;
        }
        if let Some(reaped) = self.reaped {
            writeln!(
                f,
                "from kill until Consul had cleared the entry away: {}",
                ms(reaped)
            )?;
        }
        super::failures(f, &self.count)
    }
}
