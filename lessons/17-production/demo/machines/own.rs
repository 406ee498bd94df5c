//! `-- up --own FOLDER`: the learner's own service on each machine, with the variables of the stages, and an Envoy for it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, ensure};
use l17_production::machines::consul::PLAIN;
use l17_production::machines::network::MACHINES;
use l17_production::machines::redis_proxy;
use l17_production::machines::secret;
use l17_production::machines::units::SENTINEL;
use l17_production::resources;
use serde::Deserialize;
use testkit::without_outer_cargo;
use tokio::time::{Instant, sleep};

use super::process::Process;
use super::site::Site;

/// The name in Consul, as stage 8 has it.
const NAME: &str = "greeter";
/// The names of the two processes on a machine.
pub const SERVICE: &str = "own";
const REDIS_PROXY: &str = "redis-proxy";
/// Ports of a machine: greetings by lines, JSON-RPC, gRPC, HTTP, and the proxy to Redis.
const TCP: u16 = 7001;
const JSON_RPC: u16 = 7002;
const GRPC: u16 = 7003;
const HTTP: u16 = 7004;
const REDIS: u16 = 6380;
/// Where Envoy listens for it.
const PROXY: u16 = 8081;
/// The time until all are healthy in Consul. Stage 8 gives 5 seconds.
const HEALTHY: Duration = Duration::from_secs(30);

/// `own.toml`, and where it is.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Own {
    #[serde(default)]
    build: Vec<String>,
    start: Vec<String>,
    #[serde(skip)]
    folder: PathBuf,
}

impl Own {
    /// Reads `own.toml` in a folder, and builds the service.
    pub fn build(folder: &Path) -> anyhow::Result<Self> {
        let file = folder.join("own.toml");
        let text = std::fs::read_to_string(&file);
        let text = text
            .with_context(|| format!("{}: `cargo workbook own` makes a service", file.display()))?;
        let mut own: Own = toml::from_str(&text).with_context(|| file.display().to_string())?;
        ensure!(
            !own.start.is_empty(),
            "{}: `start` names no program",
            file.display()
        );
        own.folder = folder.canonicalize()?;
        if let Some((program, words)) = own.build.split_first() {
            let mut command = Command::new(program);
            let built = without_outer_cargo(&mut command)
                .args(words)
                .current_dir(&own.folder)
                .status();
            let built = built.with_context(|| format!("`build` of {}", file.display()))?;
            ensure!(built.success(), "`build` of {} has failed", file.display());
        }
        Ok(own)
    }
}

impl Site {
    /// The ports that are taken for it on each machine.
    pub(super) fn own_ports(&self) -> Vec<u16> {
        match self.plan.own {
            Some(_) => vec![TCP, JSON_RPC, GRPC, HTTP, REDIS, PLAIN],
            None => Vec::new(),
        }
    }

    /// The service on all machines, and the Envoy for it; nothing if there is no service.
    pub(super) async fn open_own(&mut self) -> anyhow::Result<()> {
        if self.plan.own.is_none() {
            return Ok(());
        }
        for machine in 0..MACHINES.len() {
            self.start_own(machine)?;
        }
        let plan = resources::Plan {
            listen: self.own_proxy(),
            // Stage 8 asks for no version.
            weights: BTreeMap::from([("unknown".to_owned(), 1)]),
            // Registered is the address for gRPC.
            port: Some(HTTP),
        };
        self.own_front = Some(self.start_front(NAME, plan).await?);
        let since = Instant::now();
        while self.own_instances().len() < MACHINES.len() {
            for machine in &mut self.machines {
                let own = machine.processes.iter_mut();
                own.filter(|process| process.name == SERVICE)
                    .try_for_each(Process::check)?;
            }
            if since.elapsed() > HEALTHY {
                let healthy = self.own_instances().len();
                self.say(&format!(
                    "Consul has {healthy} healthy instances of `{NAME}`: see stage 8"
                ));
                break;
            }
            sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }

    /// Where Envoy accepts requests for it.
    fn own_proxy(&self) -> SocketAddr {
        SocketAddr::new(self.proxy().ip(), PROXY)
    }

    fn own_instances(&self) -> Vec<SocketAddr> {
        let front = self.own_front.as_ref();
        let lists = front.map(|front| front.plane.instances().borrow().clone());
        lists.unwrap_or_default().into_values().flatten().collect()
    }

    /// For `-- status`.
    pub(super) fn own_words(&self) -> Option<String> {
        self.own_front.as_ref()?;
        let all = self.own_instances();
        let all: Vec<String> = all.iter().map(ToString::to_string).collect();
        Some(format!(
            "Your service:     {}\nEnvoy for it:     http://{}/greet",
            all.join(", "),
            self.own_proxy()
        ))
    }

    /// Starts what does not run of it on a machine; how many processes that are.
    pub(super) fn start_own(&mut self, machine: usize) -> anyhow::Result<usize> {
        let Some(own) = self.plan.own.clone() else {
            return Ok(0);
        };
        let mut missing = |name: &str| {
            let mut processes = self.machines[machine].processes.iter_mut();
            !processes.any(|process| process.name == name && process.runs())
        };
        let (proxy, service) = (missing(REDIS_PROXY), missing(SERVICE));
        if proxy {
            self.start_redis_proxy(machine)?;
        }
        if service {
            let mut command = self.command(machine, own.start[0].as_ref());
            command.args(&own.start[1..]).current_dir(&own.folder);
            command.envs(self.variables(machine));
            self.spawn(machine, SERVICE, &mut command)?;
        }
        Ok(usize::from(proxy) + usize::from(service))
    }

    // ANCHOR: variables
    /// The variables of the stages, on this machine.
    fn variables(&self, machine: usize) -> [(&'static str, String); 12] {
        let at = |port: u16| SocketAddr::new(self.ip(machine), port).to_string();
        [
            ("TCP_ADDR", at(TCP)),
            ("JSON_RPC_ADDR", at(JSON_RPC)),
            ("GRPC_ADDR", at(GRPC)),
            ("HTTP_ADDR", at(HTTP)),
            ("CONSUL_ADDR", at(PLAIN)),
            ("REDIS_ADDR", at(REDIS)),
            ("REGISTRY", "consul".to_owned()),
            // Not on these machines: a port that refuses connections, and no captcha.
            ("SLOW_ADDR", at(9)),
            ("ETCD_ADDR", at(9)),
            ("CAPTCHA_ADDR", String::new()),
            ("MAX_CONNECTIONS", "120".to_owned()),
            ("LINE_TIMEOUT_MS", "10000".to_owned()),
        ]
    }
    // ANCHOR_END: variables

    fn start_redis_proxy(&mut self, machine: usize) -> anyhow::Result<()> {
        let folder = &self.machines[machine].folder;
        let settings = redis_proxy::Settings {
            listen: SocketAddr::new(self.ip(machine), REDIS),
            sentinels: self.plan.network.all(SENTINEL).to_vec(),
            password_file: folder.join("own.password"),
            finder_password_file: folder.join("finder.password"),
        };
        secret::write(&settings.password_file, self.users.own.reveal())?;
        let file = folder.join("redis-proxy.json");
        secret::write(&file, &serde_json::to_string_pretty(&settings)?)?;
        let file = file.display().to_string();
        let program = std::env::current_exe()?;
        self.run(
            machine,
            REDIS_PROXY,
            &program,
            &["redis-proxy", "--settings", &file],
        )
    }
}
