//! The proof: three user services behind the gateway, browsers who ask all the time; one service is killed, one
//! is paused and continued. For the command line and for the tests. It fails if a request has failed.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::ensure;
use l13_framework::registries;
use l13_framework::registry::{self, Registry};
use services::Side;
use services::consul::{Consul, Setup};
use stage::child::PATIENCE;
use stage::load::{Count, Load};
use tokio::time::{Instant, sleep, timeout};

use crate::fleet::{Heard, Plan, Process};
use crate::load::{self, hello};
use l14_gateway::web::USER;

/// A request that took so long has waited for an attempt that the gateway gave up, which it does after 1 s;
/// see [`l14_gateway::gateway::Settings`].
const SLOW: Duration = Duration::from_millis(900);

/// How many browsers ask, and how long each of them pauses between two requests.
const BROWSERS: usize = 16;
const PAUSE: Duration = Duration::from_millis(20);

/// The settings of the proof.
#[derive(Clone)]
pub struct Setting {
    /// This program, which all processes are.
    pub program: PathBuf,
    /// Which Consul; `None` takes the real one where there is one.
    pub side: Option<Side>,
    /// The gateway's fail mode: `over`, and `fast` to see the proof fail.
    pub mode: String,
    /// Is called with one line for each step.
    pub on_step: fn(&str),
    /// Gets what the processes say.
    pub heard: Heard,
}

impl Setting {
    /// As the proof is run, with this program.
    pub fn new(program: PathBuf, on_step: fn(&str)) -> Self {
        Setting {
            program,
            side: None,
            mode: "over".to_string(),
            on_step,
            heard: Arc::new(|_, _| {}),
        }
    }
}

/// The result of the proof.
#[derive(Clone, Debug)]
pub struct Report {
    /// Who has answered thirty requests that came one after the other.
    pub turns: BTreeMap<String, u64>,
    /// How long the killed one was still on the registry's list.
    pub killed: Duration,
    /// What the browsers saw from the kill until it was off the list.
    pub while_killed: Count,
    /// How long the paused one was still on the list.
    pub paused: Duration,
    /// Requests while it was paused.
    pub while_paused: u64,
    /// Those of them that have waited for it.
    pub waited: u64,
    /// How many answers it has given while it was paused. More than 0 would be a miracle.
    pub miracles: u64,
    /// From SIGCONT until it answered again.
    pub back: Duration,
    /// All requests.
    pub count: Count,
}

/// A registry, three user services, a gateway.
pub struct Scene {
    /// The registry.
    pub consul: Consul,
    /// The same, as the framework sees it.
    pub registry: Arc<dyn Registry>,
    /// How processes are started.
    pub plan: Plan,
    /// The user services.
    pub users: Vec<Process>,
    /// The gateway.
    pub gateway: Process,
}

impl Scene {
    /// Starts all of it, and returns when the gateway has had answers of all three.
    pub async fn open(setting: &Setting) -> anyhow::Result<Self> {
        let consul = Setup::of(setting.side).start().await?;
        (setting.on_step)(&format!("a {} Consul at {}", consul.side(), consul.addr()));
        let registry = registry_at(&consul)?;
        let flags = ["--registry", "consul", "--registry_address"];
        let mut flags = flags.map(str::to_string).to_vec();
        flags.push(consul.addr().to_string());
        let plan = Plan {
            program: setting.program.clone(),
            registry: flags,
            heard: Arc::clone(&setting.heard),
        };
        let mut users = Vec::new();
        for number in 1..=3 {
            users.push(user(&plan, number).await?);
        }
        let words = [
            "gateway",
            "--addr",
            "127.0.0.1:0",
            "--expose",
            "user",
            "--expose",
            "example",
            "--fail_mode",
            &setting.mode,
        ];
        let gateway = plan.start("gateway", &words).await?;
        let scene = Scene {
            consul,
            registry,
            plan,
            users,
            gateway,
        };
        let all = timeout(PATIENCE, scene.all_three()).await;
        ensure!(
            all.is_ok(),
            "three services run, and the gateway does not call all of them"
        );
        Ok(scene)
    }

    async fn all_three(&self) {
        let mut heard = std::collections::BTreeSet::new();
        while heard.len() < 3 {
            match hello(self.gateway.addr).await {
                Ok(by) => {
                    heard.insert(by);
                }
                // One of them is not there yet.
                Err(_) => sleep(Duration::from_millis(50)).await,
            }
        }
    }

    /// Waits until the registry does not list this instance any more.
    ///
    /// # Errors
    /// If it never does that.
    pub async fn off_the_list(&self, id: &str) -> anyhow::Result<()> {
        let off = async {
            loop {
                let listed = self.registry.get_service(USER).await;
                if listed.is_ok_and(|listed| listed.iter().all(|one| one.id != id)) {
                    return;
                }
                sleep(Duration::from_millis(20)).await;
            }
        };
        let off = timeout(PATIENCE, off).await;
        ensure!(
            off.is_ok(),
            "{id} does not answer, and the registry still lists it"
        );
        Ok(())
    }
}

/// The registry that the processes use, for ourselves.
///
/// # Errors
/// If the framework does not know it.
pub fn registry_at(consul: &Consul) -> anyhow::Result<Arc<dyn Registry>> {
    let mut registry = registries::named("consul")?;
    registry.init(registry::Options {
        addresses: vec![consul.addr()],
        ..registry::Options::default()
    })?;
    Ok(Arc::from(registry))
}

/// A user service. Its lease lasts 3 s, so that the proof is short.
pub async fn user(plan: &Plan, number: u32) -> anyhow::Result<Process> {
    let id = format!("user-{number}");
    let often = ["--register_ttl", "3s", "--register_interval", "1s"];
    let words = [&["user", "--server_id", &id], &often[..]].concat();
    plan.start(&id, &words).await
}

// ANCHOR: run
/// Runs the proof.
///
/// # Errors
/// If something does not start, or does not happen. Failed requests are in the report.
pub async fn run(setting: &Setting) -> anyhow::Result<Report> {
    let say = setting.on_step;
    let mut scene = Scene::open(setting).await?;
    let turns = in_turn(&scene, 30).await?;
    say(&format!("30 requests, one after the other: {turns:?}"));

    let load = load::start(BROWSERS, PAUSE, scene.gateway.addr);
    for user in &scene.users {
        answers(&load, &user.name, 3).await?;
    }
    say(&format!("{BROWSERS} browsers ask all the time"));

    let dead = scene.users.remove(0);
    let name = dead.name.clone();
    let before = load.count();
    let since = Instant::now();
    dead.child.kill();
    say(&format!("kill -9 {name}"));
    scene.off_the_list(&name).await?;
    let killed = since.elapsed();
    let while_killed = since_then(&before, &load.count());
    say(&format!("{name} is off the list; {}", words(&while_killed)));

    let paused_one = &scene.users[0];
    let name = paused_one.name.clone();
    let since = Instant::now();
    paused_one.child.pause()?;
    // What it had answered until then may still be on its way to a browser.
    sleep(Duration::from_millis(100)).await;
    let before = load.count();
    say(&format!("SIGSTOP for {name}"));
    scene.off_the_list(&name).await?;
    let paused = since.elapsed();
    say(&format!(
        "{name} is off the list; {}",
        words(&since_then(&before, &load.count()))
    ));
    sleep(Duration::from_secs(2)).await;
    let meanwhile = since_then(&before, &load.count());
    say(&format!("two seconds later; {}", words(&meanwhile)));

    let since = Instant::now();
    let had = load.count().of(&name);
    paused_one.child.resume()?;
    say(&format!("SIGCONT for {name}"));
    answers(&load, &name, had + 3).await?;
    let back = since.elapsed();
    say(&format!("{name} answers again"));
    let count = load.stop().await;
    Ok(Report {
        turns,
        killed,
        while_killed,
        paused,
        while_paused: meanwhile.calls(),
        waited: meanwhile.slow(SLOW),
        miracles: meanwhile.of(&name),
        back,
        count,
    })
}
// ANCHOR_END: run

/// Requests that come one after the other, and who has answered them.
async fn in_turn(scene: &Scene, requests: u32) -> anyhow::Result<BTreeMap<String, u64>> {
    let mut by = BTreeMap::new();
    for _ in 0..requests {
        let answered = hello(scene.gateway.addr).await;
        let answered = answered.map_err(|words| anyhow::anyhow!("a request failed: {words}"))?;
        *by.entry(answered).or_default() += 1;
    }
    Ok(by)
}

async fn answers(load: &Load, name: &str, so_many: u64) -> anyhow::Result<()> {
    let heard = load.answers_of(name, so_many, PATIENCE).await;
    ensure!(heard, "{name} runs, and does not answer");
    Ok(())
}

/// What has happened between two looks.
fn since_then(before: &Count, now: &Count) -> Count {
    let by = now.by.iter().map(|(instance, answers)| {
        let had = before.of(instance);
        (instance.clone(), answers - had)
    });
    Count {
        by: by.filter(|(_, answers)| *answers > 0).collect(),
        failed: now.failed[before.failed.len()..].to_vec(),
        took: now.took[before.took.len()..].to_vec(),
    }
}

fn words(count: &Count) -> String {
    format!(
        "{} requests meanwhile, {} failed, {} have waited for an instance that did not answer",
        count.calls(),
        count.failed.len(),
        count.slow(SLOW)
    )
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.count.calls();
        let seconds = |time: Duration| format!("{:.1} s", time.as_secs_f64());
        writeln!(
            f,
            "{all} requests, {} failed; the longest took {}",
            self.count.failed.len(),
            seconds(self.count.longest())
        )?;
        for (words, times) in self.count.failures() {
            writeln!(f, "  {times:5} x {words}")?;
        }
        writeln!(f, "killed: off the list after {}", seconds(self.killed))?;
        writeln!(
            f,
            "paused: off the list after {}; {} of {} requests meanwhile have waited for it",
            seconds(self.paused),
            self.waited,
            self.while_paused
        )?;
        writeln!(f, "continued: answers again after {}", seconds(self.back))
    }
}
