//! What an operator does with the running site: kill, cut, start again, release, end.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use l17_production::machines::consul::name;
use l17_production::machines::failover;
use l17_production::machines::network::{MACHINES, Network, namespace};
use l17_production::machines::redis::Login;
use l17_production::machines::units::{Program, SENTINEL, UNITS};
use serde_json::Value;
use tokio::io::{AsyncWrite, AsyncWriteExt};

use super::place;
use super::process::{Process, signal};
use super::site::Site;
use super::visitor;

/// A service takes 3 s to leave, and 8 at most.
const LEAVE: Duration = Duration::from_secs(10);

impl Site {
    // ANCHOR: kill
    /// SIGKILL for all processes of a machine at the same moment; or for one process that leads others.
    pub async fn kill(&mut self, what: &str) -> anyhow::Result<String> {
        let (machine, one) = match what {
            "redis-primary" => (self.redis_primary().await?, Some("redis")),
            "consul-leader" => (self.consul_leader().await?, Some("consul")),
            machine => (place(machine)?, None),
        };
        let processes = &mut self.machines[machine].processes;
        let chosen = |process: &Process| one.is_none_or(|one| process.name == one);
        let all: Vec<&Process> = processes.iter().filter(|it| chosen(it)).collect();
        ensure!(!all.is_empty(), "machine {} is dead already", name(machine));
        signal("KILL", &all);
        let words = match one {
            Some(one) => format!("{one} of machine {} is killed", name(machine)),
            None => format!("machine {what}: {} processes are killed", all.len()),
        };
        processes.retain(|process| !chosen(process));
        Ok(words)
    }
    // ANCHOR_END: kill

    // ANCHOR: cut
    /// Cuts a machine off, or joins it again. Without namespaces its processes stand still instead: no answer comes from
    /// it either, but it does not go on by itself.
    pub fn cut(&mut self, what: &str, cut: bool) -> anyhow::Result<String> {
        let machine = place(what)?;
        match self.plan.network {
            Network::Namespaces => {
                let state = if cut { "down" } else { "up" };
                let mut ip = Command::new("ip");
                ip.args(["-n", &namespace(machine), "link", "set", "eth0", state]);
                ensure!(ip.status()?.success(), "the link stays as it is");
                Ok(format!("machine {what}: the link is {state}"))
            }
            Network::Loopback(_) => {
                let all: Vec<&Process> = self.machines[machine].processes.iter().collect();
                signal(if cut { "STOP" } else { "CONT" }, &all);
                let words = if cut { "stand still" } else { "go on" };
                Ok(format!("machine {what}: {} processes {words}", all.len()))
            }
        }
    }
    // ANCHOR_END: cut

    /// Starts what does not run on a machine.
    pub async fn start_again(&mut self, what: &str) -> anyhow::Result<String> {
        let machine = place(what)?;
        let primary = self.find_primary().await;
        let mut started = 0;
        for unit in &UNITS {
            let label = match unit.is_ours() {
                true => format!("{}-{}", unit.name, self.version),
                false => unit.name.to_owned(),
            };
            let processes = &mut self.machines[machine].processes;
            processes.retain_mut(Process::runs);
            if processes.iter().any(|process| process.name == label) {
                continue;
            }
            started += 1;
            match (unit.program, primary) {
                // Not as a primary: it would be a second one, with an old state.
                (Program::Redis, Some(primary)) => {
                    let other = (primary != self.ip(machine)).then_some(primary);
                    self.start_redis(machine, other)?;
                }
                (Program::Sentinel, Some(primary)) => self.start_sentinel(machine, primary)?,
                (Program::Redis | Program::Sentinel, None) => {
                    bail!("no Sentinel knows the primary")
                }
                _ => self.start(machine, unit)?,
            }
        }
        started += self.start_own(machine)?;
        Ok(format!("machine {what}: {started} processes started"))
    }

    /// The address of the primary, as the first Sentinel says that answers.
    pub(super) async fn find_primary(&self) -> Option<IpAddr> {
        let login = Login {
            user: "finder",
            password: self.users.finder.clone(),
        };
        for sentinel in self.plan.network.all(SENTINEL) {
            let found = failover::find(sentinel, &login);
            if let Ok(Ok(addr)) = tokio::time::timeout(Duration::from_millis(500), found).await {
                return Some(addr.ip());
            }
        }
        None
    }

    async fn redis_primary(&self) -> anyhow::Result<usize> {
        let primary = self.find_primary().await.context("no Sentinel answers")?;
        self.machine_of(primary)
    }

    fn machine_of(&self, ip: IpAddr) -> anyhow::Result<usize> {
        let place = (0..MACHINES.len()).find(|machine| self.ip(*machine) == ip);
        place.with_context(|| format!("{ip} is no machine"))
    }

    /// The machine whose Consul leads.
    pub(super) async fn consul_leader(&self) -> anyhow::Result<usize> {
        for machine in 0..MACHINES.len() {
            let path = "/v1/status/leader";
            let answer = self
                .api
                .ask(self.consul(machine), "GET", path, &Value::Null)
                .await;
            let Ok((200, Value::String(leader))) = answer else {
                continue;
            };
            if let Ok(addr) = leader.parse::<std::net::SocketAddr>() {
                return self.machine_of(addr.ip());
            }
        }
        bail!("Consul has no leader")
    }

    // ANCHOR: roll
    /// A release: machine by machine the new version starts, gets its share of the requests, and the old one leaves. Visitors
    /// come all the while, and are counted.
    pub async fn roll(
        &mut self,
        version: &str,
        out: &mut (impl AsyncWrite + Unpin),
    ) -> anyhow::Result<String> {
        ensure!(version != self.version, "{version} runs already");
        let visitors = visitor::crowd(self.proxy());
        let old = std::mem::replace(&mut self.version, version.to_owned());
        self.generation += 1;
        for (machine, name) in MACHINES.iter().enumerate() {
            self.renew_if_due()?;
            let leaving = self.leaving(machine, &old);
            for unit in UNITS.iter().filter(|unit| unit.is_ours()) {
                self.start(machine, unit)?;
            }
            let done = machine + 1;
            self.listed(done).await?;
            self.weights(&old, MACHINES.len() - done, done).await?;
            let leave = leaving.into_iter().map(|process| process.leave(LEAVE));
            let mut all: tokio::task::JoinSet<()> = leave.collect();
            while all.join_next().await.is_some() {}
            let line = format!("machine {name} runs {version}\n");
            out.write_all(line.as_bytes()).await?;
        }
        let met = visitor::meanwhile(&visitors.stop().await);
        Ok(format!("all machines run {version}\n{met}"))
    }
    // ANCHOR_END: roll

    fn leaving(&mut self, machine: usize, version: &str) -> Vec<Process> {
        let processes = &mut self.machines[machine].processes;
        let end = format!("-{version}");
        let (old, stay) = (std::mem::take(processes).into_iter())
            .partition(|process| process.name.ends_with(&end));
        *processes = stay;
        old
    }

    async fn weights(&self, old: &str, before: usize, now: usize) -> anyhow::Result<()> {
        let front = self.front.as_ref().context("no front")?;
        let of = |count: usize| u32::try_from(count).unwrap_or(0);
        let mut weights = BTreeMap::from([(self.version.clone(), of(now))]);
        if before > 0 {
            weights.insert(old.to_owned(), of(before));
        }
        let report = front.plane.apply(|plan| plan.weights = weights).await;
        match report.rejected {
            Some(words) => bail!("Envoy rejects the weights: {words}"),
            None => Ok(()),
        }
    }

    /// Ends everything at once: what is asked to end before is in the order of the start backwards.
    pub fn close(&mut self) {
        self.front = None;
        self.own_front = None;
        let machines = self.machines.iter();
        let all: Vec<&Process> = machines.flat_map(|machine| &machine.processes).collect();
        if !all.is_empty() {
            signal("KILL", &all);
        }
        for machine in &mut self.machines {
            machine.processes.clear();
        }
    }
}
