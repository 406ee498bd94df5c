//! What the scenes share: an agent, its clock, and what is printed.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use l08_consul::ask::{self, Answer};
use l08_consul::clock::Clock;
use serde_json::Value;
use tempfile::TempDir;

/// So many seconds of the agent's own time are waited for something that must come.
const PATIENCE: u32 = 60;
const STEP: Duration = Duration::from_secs(1);
const POLL: Duration = Duration::from_millis(20);

/// The intervals and waiting times of the scenes.
pub struct Pace {
    /// The agent's clock, if the demo may move it.
    pub clock: Option<Clock>,
    /// Between two checks, in seconds.
    pub interval: u64,
    /// Of a heartbeat, in seconds.
    pub ttl: u64,
}

pub struct Stage {
    pub agent: SocketAddr,
    pub node: &'static str,
    pub pace: Pace,
    /// The folder of the definition files.
    pub definitions: PathBuf,
    began: (Duration, Instant),
}

impl Stage {
    pub fn new(agent: SocketAddr, node: &'static str, pace: Pace, definitions: &TempDir) -> Stage {
        Stage {
            agent,
            node,
            pace,
            definitions: definitions.path().into(),
            began: (Duration::ZERO, Instant::now()),
        }
    }

    /// A new scene; its time begins at 0.
    pub fn scene(&mut self, title: &str) {
        println!("\n{title}");
        self.begins();
    }

    /// Time begins at 0 again.
    pub fn begins(&mut self) {
        self.began = (self.now(), Instant::now());
    }

    fn now(&self) -> Duration {
        self.pace.clock.as_ref().map_or(Duration::ZERO, Clock::now)
    }

    /// Seconds of the agent's time since the scene began.
    pub fn seconds(&self) -> f64 {
        match &self.pace.clock {
            Some(_) => (self.now() - self.began.0).as_secs_f64(),
            None => self.began.1.elapsed().as_secs_f64(),
        }
    }

    /// A line: when, whom a caller would be given now, and what happened.
    pub async fn note(&self, words: &str) -> anyhow::Result<()> {
        let callers = self.callers().await?;
        println!("  {:6.1}  [{callers:5}]  {words}", self.seconds());
        Ok(())
    }

    /// A line without a time.
    pub fn say(&self, words: &str) {
        println!("   {words}");
    }

    /// The numbers of the greeters that a caller is given.
    pub async fn callers(&self) -> anyhow::Result<String> {
        let found = self.get("/v1/health/service/greeter?passing").await?.json();
        let ids = found.as_array().into_iter().flatten();
        let ids = ids.filter_map(|entry| entry["Service"]["ID"].as_str()?.strip_prefix("greeter-"));
        let mut ids: Vec<_> = ids.collect();
        ids.sort_unstable();
        Ok(ids.join(" "))
    }

    pub async fn get(&self, path: &str) -> anyhow::Result<Answer> {
        Ok(ask::get(self.agent, path).await?)
    }

    pub async fn put(&self, path: &str, body: &str) -> anyhow::Result<Answer> {
        Ok(ask::put(self.agent, path, body).await?)
    }

    /// As `put`; what is refused here would be a mistake of the demo.
    pub async fn done(&self, path: &str, body: &str) -> anyhow::Result<()> {
        let answer = self.put(path, body).await?;
        if answer.status != 200 {
            bail!("{path}: {} {}", answer.status, answer.body);
        }
        Ok(())
    }

    /// A check as the catalog has it.
    pub async fn check(&self, id: &str) -> anyhow::Result<Option<Value>> {
        let path = format!("/v1/health/node/{}", self.node);
        let checks = self.get(&path).await?.json();
        let mut checks = checks.as_array().into_iter().flatten();
        Ok(checks.find(|check| check["CheckID"] == id).cloned())
    }

    /// Lets time pass until something is so, second by second, or looking often.
    pub async fn until(
        &self,
        what: &str,
        mut is_so: impl AsyncFnMut(&Stage) -> anyhow::Result<bool>,
    ) -> anyhow::Result<()> {
        let real = Instant::now();
        let mut steps = 0;
        while !is_so(self).await? {
            match &self.pace.clock {
                Some(clock) => clock.advance(STEP).await,
                None => tokio::time::sleep(POLL).await,
            }
            steps += 1;
            let over = match self.pace.clock {
                Some(_) => steps > 3 * PATIENCE,
                None => real.elapsed() > STEP * PATIENCE,
            };
            if over {
                bail!("still not so: {what}");
            }
        }
        Ok(())
    }

    /// Lets time pass until a check is in this state, and says so with its own words.
    pub async fn turns(&self, id: &str, status: &str) -> anyhow::Result<()> {
        let is_so = async |stage: &Stage| {
            let check = stage.check(id).await?;
            Ok(check.is_some_and(|check| check["Status"] == status))
        };
        self.until(&format!("{id} {status}"), is_so).await?;
        let check = self.check(id).await?.context("it was there a moment ago")?;
        let output = check["Output"].as_str().unwrap_or("").trim();
        // The address is long and was said before.
        let output = ["/health: ", "/health\": "]
            .iter()
            .find_map(|head| output.split_once(head))
            .map_or(output, |(_, rest)| rest);
        let name = id.strip_prefix("service:").unwrap_or(id);
        self.note(&format!("{name:9}  {status:8}  {output}")).await
    }
}
