//! The three proofs, for the command line and for the tests: instances are real processes, Consul is
//! a real one where there is one, and callers call all the time.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use l10_discover::caller::{Caller, Settings};
use l10_discover::health::Query;
use l10_discover::l09_register::registry::Registry;
use l10_discover::watch::{Snapshot, watch};
use services::Side;
use services::consul::{Consul, Setup};
use tokio::time::timeout;

use crate::drain::Limits;
use crate::fleet::{Instance, Plan, place};
use crate::load::{AsyncCall, Load};

pub mod away;
pub mod crash;
pub mod rolling;

/// Nothing that has to happen takes longer, however busy the machine is.
const PATIENCE: Duration = Duration::from_secs(60);

/// What all proofs have in common.
#[derive(Clone)]
pub struct Setting {
    /// This program, which the instances are.
    pub program: PathBuf,
    /// Which Consul; `None` takes the real one where there is one.
    pub side: Option<Side>,
    /// How many callers.
    pub callers: usize,
    /// How long each of them pauses between two calls.
    pub pause: Duration,
    /// How long a call works.
    pub slow: Duration,
    /// How often Consul looks at each instance.
    pub every: Duration,
    /// How instances leave.
    pub limits: Limits,
    /// Whether callers try again. Without it each call has one attempt.
    pub retry: bool,
    /// Gets a line for each thing that happens.
    pub tell: Arc<dyn Fn(&str) + Send + Sync>,
}

impl Setting {
    /// As the proofs are run, with this program.
    #[must_use]
    pub fn new(program: PathBuf, tell: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Setting {
            program,
            side: None,
            callers: 16,
            pause: Duration::from_millis(20),
            slow: Duration::from_millis(20),
            every: Duration::from_secs(1),
            limits: Limits::default(),
            retry: true,
            tell: Arc::new(tell),
        }
    }

    fn say(&self, line: &str) {
        (self.tell)(line);
    }
}

/// Consul, three instances, and callers who have found all of them.
struct Scene {
    consul: Consul,
    plan: Plan,
    fleet: Vec<Instance>,
    caller: Caller,
    load: Load,
    /// A watch of our own: what a caller would know.
    list: tokio::sync::watch::Receiver<Snapshot>,
}

/// A call of these proofs.
struct Greet(Caller);

impl AsyncCall for Greet {
    async fn make(&self) -> Result<String, String> {
        match self.0.greet("Ada").await {
            Ok(greeted) => Ok(greeted.by.unwrap_or_default()),
            Err(error) => Err(error.to_string()),
        }
    }
}

impl Scene {
    async fn open(setting: &Setting, careless: bool) -> anyhow::Result<Self> {
        let setup = Setup {
            side: setting.side,
            ..Setup::default()
        };
        let consul = setup.start().await?;
        setting.say(&format!("a {} Consul at {}", consul.side(), consul.addr()));
        let tell = Arc::clone(&setting.tell);
        let plan = Plan {
            program: setting.program.clone(),
            consul: consul.addr(),
            every: setting.every,
            slow: setting.slow,
            limits: setting.limits,
            careless,
            heard: Arc::new(move |name, line| tell(&format!("    {name}: {line}"))),
        };
        let mut fleet = Vec::new();
        for place_of_it in 1..=3 {
            fleet.push(plan.start(&named(place_of_it, 1), place()?).await?);
        }
        let registry = Registry::at(consul.addr())?;
        let mut settings = Settings::default();
        if !setting.retry {
            settings.retry.attempts = 1;
        }
        let list = watch(registry.clone(), Query::named("greeter"), settings.rhythm);
        let caller = Caller::new(registry, Query::named("greeter"), settings);
        let all = |snapshot: &Snapshot| snapshot.instances.len() == 3;
        let found = timeout(PATIENCE, caller.snapshots().wait_for(all))
            .await
            .is_ok();
        anyhow::ensure!(found, "three instances run, and Consul does not list them");
        let load = Load::start(setting.callers, setting.pause, || Greet(caller.clone()));
        for instance in &fleet {
            heard_of(&load, &instance.name).await?;
        }
        setting.say(&format!(
            "{} callers; all three instances answer",
            setting.callers
        ));
        Ok(Scene {
            consul,
            plan,
            fleet,
            caller,
            load,
            list,
        })
    }
}

/// What the instance at this place calls itself when it is started for the nth time.
fn named(place: usize, time: u32) -> String {
    format!("greeter-{place}.{time}")
}

/// Waits until callers have had answers of this instance.
async fn heard_of(load: &Load, name: &str) -> anyhow::Result<()> {
    let heard = load.answers_of(name, 3, PATIENCE).await;
    anyhow::ensure!(heard, "{name} runs, and no caller finds it");
    Ok(())
}

/// Milliseconds, for a line of a report.
fn ms(time: Duration) -> String {
    match time {
        time if time < Duration::from_secs(1) => format!("{} ms", time.as_millis()),
        time => format!("{:.1} s", time.as_secs_f64()),
    }
}

/// The median and the worst of some times.
#[must_use]
pub fn median_and_worst(times: &[Duration]) -> Option<(Duration, Duration)> {
    let mut sorted = times.to_vec();
    sorted.sort();
    Some((*sorted.get(sorted.len() / 2)?, *sorted.last()?))
}

/// The failed calls by what they got, the most frequent first.
fn failures(f: &mut std::fmt::Formatter<'_>, count: &crate::load::Count) -> std::fmt::Result {
    let mut by = std::collections::BTreeMap::<&str, usize>::new();
    for failure in &count.failed {
        *by.entry(&failure.words).or_default() += 1;
    }
    let mut by: Vec<(&str, usize)> = by.into_iter().collect();
    by.sort_by_key(|(_, times)| std::cmp::Reverse(*times));
    for (words, times) in by {
        writeln!(f, "  {times:5} x {words}")?;
    }
    Ok(())
}
