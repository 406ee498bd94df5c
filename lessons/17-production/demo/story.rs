//! The demo: a Consul, a control plane, the real Envoy, and this program started several times as an instance.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use l17_production::ads::Report;
use l17_production::plane::ControlPlane;
use l17_production::resources::{Instances, Plan};
use services::consul::Setup;
use stage::child::{Child, Spawn};
use stage::http::Request;
use stage::load::{Count, Load};
use stage::story::Clock;
use testkit::envoy::Envoy;
use testkit::free_port;
use tokio::time::{sleep, timeout};

use crate::proxy::{envoy, words};

/// The limit for what happens within seconds on a quiet machine.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Consul asks each instance so often, in milliseconds.
const CHECK_EVERY: &str = "500";
const SERVICE: &str = "site";

/// Everything that runs.
struct Stage {
    clock: Clock,
    consul: SocketAddr,
    plane: ControlPlane,
    proxy: SocketAddr,
    instances: Vec<(SocketAddr, Child)>,
}

/// Plays all scenes.
pub async fn run() -> anyhow::Result<()> {
    if testkit::envoy::find().is_none() {
        bail!("{}", testkit::envoy::KIND.missing());
    }
    println!("Starting a Consul ...");
    let consul = Setup::default().start().await?;
    println!(
        "It is the {} one, at {}. It asks each instance for /readyz every {CHECK_EVERY} ms.\n\
         Times are milliseconds since the beginning of the scene.",
        consul.side(),
        consul.addr()
    );
    let proxy = SocketAddr::from(([127, 0, 0, 1], free_port()?));
    let plan = Plan {
        listen: proxy,
        weights: BTreeMap::from([("v1".to_owned(), 1)]),
        port: None,
    };
    let mut stage = Stage {
        clock: Clock::start(0),
        consul: consul.addr(),
        plane: ControlPlane::start(consul.addr(), SERVICE, plan).await?,
        proxy,
        instances: Vec::new(),
    };
    let envoy = stage.open().await?;
    stage.crash().await?;
    stage.canary().await?;
    stage.rejected().await?;
    stage.wrong_settings().await?;
    stage.roll().await?;
    stage.end().await?;
    drop(envoy);
    println!(
        "\nNow in three terminals:\n\
         \n    cargo workbook services up consul\n    cargo run -p l17-production -- instance\n    \
         cargo run -p l17-production -- proxy\n"
    );
    Ok(())
}

impl Stage {
    async fn open(&mut self) -> anyhow::Result<Envoy> {
        self.clock
            .scene("1. Three instances, and Envoy in front of them");
        let envoy = envoy(&self.plane).await?;
        self.tell(&format!(
            "Envoy is process {}; it listens on {}",
            envoy.id(),
            self.proxy
        ));
        self.tell(&format!("without an instance: {}", self.get().await?));
        for _ in 0..3 {
            self.add("v1").await?;
        }
        self.until(|list| count(list, "v1") == 3).await?;
        self.tell(&counted(&self.ask(30).await));
        Ok(envoy)
    }

    async fn crash(&mut self) -> anyhow::Result<()> {
        self.clock
            .scene("2. One instance is killed with -9, under load");
        let load = self.load();
        sleep(Duration::from_secs(1)).await;
        let (addr, child) = self.instances.remove(0);
        self.tell(&format!("kill -9 {}, which is {addr}", child.id()));
        child.kill();
        self.until(|list| count(list, "v1") == 2).await?;
        sleep(Duration::from_secs(1)).await;
        self.tell(&counted(&load.stop().await));
        Ok(())
    }

    async fn canary(&mut self) -> anyhow::Result<()> {
        self.clock
            .scene("3. A canary: one request of ten goes to v2");
        self.add("v2").await?;
        self.until(|list| count(list, "v2") == 1).await?;
        self.tell(&format!("before: {}", versions(&self.ask(200).await)));
        self.weights(&[("v1", 9), ("v2", 1)]).await?;
        self.tell(&format!("after:  {}", versions(&self.ask(200).await)));
        Ok(())
    }

    async fn rejected(&mut self) -> anyhow::Result<()> {
        self.clock.scene("4. A configuration that Envoy rejects");
        self.weights(&[("v1", 0), ("v2", 0)]).await?;
        self.tell(&format!("still:  {}", versions(&self.ask(200).await)));
        self.weights(&[("v1", 9), ("v2", 1)]).await?;
        Ok(())
    }

    async fn wrong_settings(&mut self) -> anyhow::Result<()> {
        self.clock.scene("5. A new version with a wrong setting");
        let wrong = self.start("v2", &["--drain-ms", "10"]);
        let child = wrong?.errors_too().start()?;
        let line = child.line(TIMEOUT).await.context("it says nothing")?;
        self.tell(&line.text);
        self.tell(&format!("the site: {}", versions(&self.ask(100).await)));
        Ok(())
    }

    async fn roll(&mut self) -> anyhow::Result<()> {
        self.clock.scene("6. All of v1 becomes v2, under load");
        let load = self.load();
        sleep(Duration::from_millis(500)).await;
        self.add("v2").await?;
        self.until(|list| count(list, "v2") == 2).await?;
        self.weights(&[("v1", 1), ("v2", 1)]).await?;
        self.add("v2").await?;
        self.until(|list| count(list, "v2") == 3).await?;
        self.weights(&[("v1", 0), ("v2", 1)]).await?;
        for (addr, child) in self.instances.drain(..2) {
            child.signal("TERM")?;
            self.clock.tell(0, &format!("SIGTERM to {addr}"));
            ends(&child).await?;
            self.clock.tell(0, &format!("{addr} has ended"));
        }
        sleep(Duration::from_millis(500)).await;
        let count = load.stop().await;
        self.tell(&format!(
            "{}; longest {} ms",
            counted(&count),
            count.longest().as_millis()
        ));
        Ok(())
    }

    async fn end(&mut self) -> anyhow::Result<()> {
        self.clock.scene("7. All instances leave");
        for (_, child) in &self.instances {
            child.signal("TERM")?;
        }
        for (_, child) in self.instances.drain(..) {
            ends(&child).await?;
        }
        self.until(|list| list.values().all(std::collections::BTreeSet::is_empty))
            .await?;
        self.tell(&self.get().await?);
        Ok(())
    }

    fn tell(&self, words: &str) {
        self.clock.tell(0, words);
    }

    /// This program as an instance.
    fn start(&self, version: &str, more: &[&str]) -> anyhow::Result<Spawn> {
        let consul = self.consul.to_string();
        let words = ["instance", "--consul", &consul, "--name", SERVICE];
        let ours = ["--version", version, "--check-every-ms", CHECK_EVERY];
        let spawn = Spawn::this_program(words)?.args(ours).args(more);
        Ok(spawn.until_stdin_ends("--until-stdin-ends"))
    }

    async fn add(&mut self, version: &str) -> anyhow::Result<()> {
        let child = self.start(version, &["--drain-ms", "1500"])?.start()?;
        let addr = child.listening().await?;
        self.tell(&format!(
            "{version} has started, process {}, {addr}",
            child.id()
        ));
        self.instances.push((addr, child));
        Ok(())
    }

    /// Waits until Envoy is told such a list.
    async fn until(&self, right: impl Fn(&Instances) -> bool) -> anyhow::Result<()> {
        let mut instances = self.plane.instances();
        let list = timeout(TIMEOUT, instances.wait_for(right)).await;
        let list = list.context("the list does not become so")??.clone();
        // Envoy has it some milliseconds later.
        sleep(Duration::from_millis(50)).await;
        self.tell(&format!("the control plane sends  {}", words(&list)));
        Ok(())
    }

    async fn weights(&self, weights: &[(&str, u32)]) -> anyhow::Result<Report> {
        let new: BTreeMap<String, u32> = (weights.iter())
            .map(|(version, weight)| ((*version).to_owned(), *weight))
            .collect();
        let applied = self.plane.apply(|plan| plan.weights.clone_from(&new));
        let report = timeout(TIMEOUT, applied)
            .await
            .context("Envoy does not answer")?;
        let words = match &report.rejected {
            None => format!("Envoy accepts version {}", report.accepted),
            Some(words) => format!("Envoy rejects version {}: {words}", report.sent),
        };
        self.tell(&format!("weights {weights:?}: {words}"));
        Ok(report)
    }

    async fn get(&self) -> anyhow::Result<String> {
        let answer = Request::get("/").send(self.proxy).await?;
        Ok(format!("{} {}", answer.status, answer.text()))
    }

    /// So many requests, one after the other.
    async fn ask(&self, requests: usize) -> Count {
        let proxy = self.proxy;
        stage::load::calls(requests, 1, move |_| page(proxy)).await
    }

    /// Eight callers.
    fn load(&self) -> Load {
        let proxy = self.proxy;
        Load::start(8, Duration::from_millis(5), move || page(proxy))
    }
}

/// One request on a connection of its own: which instance has answered.
async fn page(proxy: SocketAddr) -> Result<String, String> {
    match Request::get("/").within(TIMEOUT).send(proxy).await {
        Ok(answer) if answer.status == 200 => Ok(answer.text()),
        Ok(answer) => {
            let text = answer.text();
            let reason = text.rsplit("reset reason: ").next().unwrap_or_default();
            Err(format!("{} {reason}", answer.status))
        }
        Err(error) => Err(error.to_string()),
    }
}

fn count(instances: &Instances, version: &str) -> usize {
    instances
        .get(version)
        .map_or(0, std::collections::BTreeSet::len)
}

/// Answers and failures.
fn counted(count: &Count) -> String {
    let by: Vec<String> = (count.by.iter())
        .map(|(instance, answers)| format!("{instance}: {answers}"))
        .collect();
    let failed: Vec<String> = (count.failures().into_iter())
        .map(|(words, times)| format!(", {times} x {words}"))
        .collect();
    let (calls, lost) = (count.calls(), count.failed.len());
    format!(
        "{calls} requests, {lost} failed{} ({})",
        failed.concat(),
        by.join(", ")
    )
}

/// The share of each version.
fn versions(count: &Count) -> String {
    let mut by: BTreeMap<&str, u64> = BTreeMap::new();
    for (instance, answers) in &count.by {
        let version = instance.split(' ').next().unwrap_or_default();
        *by.entry(version).or_default() += answers;
    }
    let by: Vec<String> = by
        .iter()
        .map(|(version, n)| format!("{n} by {version}"))
        .collect();
    format!(
        "{} requests, {}, {} failed",
        count.calls(),
        by.join(", "),
        count.failed.len()
    )
}

async fn ends(child: &Child) -> anyhow::Result<()> {
    let ended = async {
        while child.ended().is_none() {
            sleep(Duration::from_millis(10)).await;
        }
    };
    ensure!(
        timeout(TIMEOUT, ended).await.is_ok(),
        "{} does not end",
        child.name()
    );
    Ok(())
}
