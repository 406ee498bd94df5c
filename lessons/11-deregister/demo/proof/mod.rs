//! The three proofs, for the command line and for the tests: instances are real processes, Consul is
//! a real one where there is one, and callers call all the time.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use l09_register::registry::Registry;
use l10_discover::caller::{CallOptions, Caller};
use l10_discover::health::Query;
use l10_discover::watch::Snapshot;
use l11_deregister::drain::Limits;
use services::Side;
use services::consul::{Consul, Setup};
use stage::child::place;
use stage::load::{Count, Load};
use tokio::time::timeout;
use tracing::info;

use crate::fleet::{Heard, Instance, Plan};

pub mod away;
pub mod crash;
pub mod rolling;

/// Nothing that has to happen takes longer, however busy the machine is.
const PATIENCE: Duration = Duration::from_secs(60);

/// The settings of all proofs.
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
    /// Gets what the instances say.
    pub heard: Heard,
}

impl Setting {
    /// As the proofs are run, with this program.
    pub fn new(program: PathBuf) -> Self {
        Setting {
            program,
            side: None,
            callers: 16,
            pause: Duration::from_millis(20),
            slow: Duration::from_millis(20),
            every: Duration::from_secs(1),
            limits: Limits::default(),
            retry: true,
            heard: Arc::new(|name, line| info!("    {name}: {line}")),
        }
    }
}

/// Consul, three instances, and callers who have found all of them.
pub struct Scene {
    /// The registry.
    pub consul: Consul,
    /// How instances are started.
    pub plan: Plan,
    /// The instances, in the order of their places.
    pub fleet: Vec<Instance>,
    /// What all callers share.
    pub caller: Caller,
    /// The callers at work.
    pub load: Load,
    /// A watch of our own: what a caller would know.
    pub list: tokio::sync::watch::Receiver<Snapshot>,
}

impl Scene {
    /// Starts all of it, and returns when callers have had answers of all three.
    pub async fn open(setting: &Setting, careless: bool) -> anyhow::Result<Self> {
        let consul = Setup::of(setting.side).start().await?;
        info!("a {} Consul at {}", consul.side(), consul.addr());
        let plan = Plan {
            program: setting.program.clone(),
            consul: consul.addr(),
            every: setting.every,
            slow: setting.slow,
            limits: setting.limits,
            careless,
            heard: Arc::clone(&setting.heard),
        };
        let mut fleet = Vec::new();
        for place_of_it in 1..=3 {
            fleet.push(plan.start(&named(place_of_it, 1), place()?).await?);
        }
        let caller = caller(setting, consul.addr())?;
        let all = |snapshot: &Snapshot| snapshot.instances.len() == 3;
        let mut list = caller.snapshots();
        let found = timeout(PATIENCE, list.wait_for(all)).await.is_ok();
        anyhow::ensure!(found, "three instances run, and Consul does not list them");
        let load = load(setting, &caller);
        for instance in &fleet {
            heard_of(&load, &instance.name).await?;
        }
        info!("{} callers; all three instances answer", setting.callers);
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

/// A caller of the greeter, as the setting wants it.
///
/// # Errors
/// See [`Registry::at`].
pub fn caller(setting: &Setting, consul: SocketAddr) -> anyhow::Result<Caller> {
    let mut settings = CallOptions::default();
    if !setting.retry {
        settings.retry.attempts = 1;
    }
    let registry = Registry::at(consul)?;
    Ok(Caller::new(registry, Query::named("greeter"), settings))
}

/// Callers that share one channel and call all the time.
pub fn load(setting: &Setting, caller: &Caller) -> Load {
    let caller = caller.clone();
    Load::start(setting.callers, setting.pause, move || {
        let caller = caller.clone();
        async move {
            match caller.greet("Ada").await {
                Ok(greeted) => Ok(greeted.by.unwrap_or_default()),
                Err(error) => Err(error.to_string()),
            }
        }
    })
}

/// Returns the id of the instance at this place when it is started for the nth time.
pub fn named(place: usize, time: u32) -> String {
    format!("greeter-{place}.{time}")
}

/// Waits until callers have had answers of this instance.
///
/// # Errors
/// If that takes a minute.
pub async fn heard_of(load: &Load, name: &str) -> anyhow::Result<()> {
    let heard = load.answers_of(name, 3, PATIENCE).await;
    anyhow::ensure!(heard, "{name} runs, and no caller finds it");
    Ok(())
}

/// Milliseconds or seconds, for a line of a report.
pub fn ms(time: Duration) -> String {
    match time {
        time if time < Duration::from_secs(1) => format!("{} ms", time.as_millis()),
        time => format!("{:.1} s", time.as_secs_f64()),
    }
}

/// The failed calls by what they got, the most frequent first.
fn failures(f: &mut std::fmt::Formatter<'_>, count: &Count) -> std::fmt::Result {
    let mut by: Vec<(&str, u64)> = count.failures().into_iter().collect();
    by.sort_by_key(|(_, times)| std::cmp::Reverse(*times));
    for (words, times) in by {
        writeln!(f, "  {times:5} x {words}")?;
    }
    Ok(())
}
