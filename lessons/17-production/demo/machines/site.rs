//! The running site: all processes of three machines and of the front, and what an operator does with them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, ensure};
use l16_captcha::web;
use l17_production::machines::authority::Authority;
use l17_production::machines::consul::{self, Node, Tokens, gossip_key};
use l17_production::machines::failover;
use l17_production::machines::https::Api;
use l17_production::machines::network::{MACHINES, Network, namespace};
use l17_production::machines::redis::{Login, Users};
use l17_production::machines::roles::{self, Settings};
use l17_production::machines::secret::{self, Secret};
use l17_production::machines::tls;
use l17_production::machines::units::{CONSUL, Program, SENTINEL, UNITS, Unit};
use l17_production::plane::ControlPlane;
use l17_production::resources;
use serde_json::Value;
use stage::signal::tell;
use testkit::envoy::Envoy;
use tokio::time::{Instant, sleep};

use super::cables::Cables;
use super::control::make_folder;
use super::own::{self, Own};
use super::process::{Process, program};
use super::renew::Certificates;
use super::visitor;

/// The limit for what takes seconds on a quiet machine.
pub const LIMIT: Duration = Duration::from_secs(90);

/// The plan of the site: its machines and options.
pub struct Plan {
    /// For all files.
    pub folder: PathBuf,
    /// Where the machines are.
    pub network: Network,
    /// Whether visitors are limited.
    pub limits: bool,
    /// The learner's own service.
    pub own: Option<Own>,
}

/// One machine, or the front.
pub(super) struct Machine {
    pub(super) folder: PathBuf,
    pub(super) processes: Vec<Process>,
}

/// All of it.
pub struct Site {
    pub(super) plan: Plan,
    pub(super) machines: Vec<Machine>,
    pub(super) api: Api,
    pub(super) users: Users,
    tokens: Tokens,
    pub(super) authority: Authority,
    pub(super) certificates: Certificates,
    gossip: String,
    pub(super) version: String,
    pub(super) generation: u16,
    pub(super) front: Option<Front>,
    pub(super) own_front: Option<Front>,
    since: Instant,
    /// After the processes: they live in there.
    _cables: Option<Cables>,
}

/// Envoy and its control plane.
pub(super) struct Front {
    pub(super) plane: ControlPlane,
    _envoy: Envoy,
}

impl Site {
    // ANCHOR: open
    /// Starts everything in its order: secrets and certificates, Consul, Redis, services, Envoy.
    pub async fn open(plan: Plan) -> anyhow::Result<Self> {
        let mut site = Site::prepare(plan)?;
        for unit in &UNITS[..2] {
            site.say(&format!("{} on three machines ...", unit.name));
            for machine in 0..MACHINES.len() {
                site.start(machine, unit)?;
            }
        }
        site.start_consul(MACHINES.len())?;
        site.leader().await?;
        let first = site.consul(0);
        site.tokens.create(&site.api, first).await?;
        site.say("Consul has a leader and its tokens; the services start ...");
        // Sentinel after Redis: by now it sees both replicas with its first look.
        for unit in &UNITS[2..] {
            for machine in 0..MACHINES.len() {
                site.start(machine, unit)?;
            }
        }
        let plan = resources::Plan {
            listen: site.proxy(),
            weights: BTreeMap::from([(site.version.clone(), 1)]),
            port: None,
        };
        site.front = Some(site.start_front(web::NAME, plan).await?);
        site.listed(MACHINES.len()).await?;
        site.solved().await?;
        site.watched().await?;
        site.open_own().await?;
        Ok(site)
    }
    // ANCHOR_END: open

    fn prepare(plan: Plan) -> anyhow::Result<Self> {
        for (found, missing) in [
            (testkit::consul::find(), testkit::consul::KIND.missing()),
            (testkit::redis::find(), testkit::redis::KIND.missing()),
            (testkit::envoy::find(), testkit::envoy::KIND.missing()),
        ] {
            ensure!(found.is_some(), "{missing}");
        }
        let authority = Authority::new()?;
        let mut machines = Vec::new();
        for machine in 0..=MACHINES.len() {
            let folder = plan.folder.join(consul::name(machine));
            // What an earlier site has left is of no use: its secrets are gone.
            let _ = std::fs::remove_dir_all(&folder);
            make_folder(&folder)?;
            machines.push(Machine {
                folder,
                processes: Vec::new(),
            });
        }
        let tokens = Tokens::fresh()?;
        let site = Site {
            api: Api {
                config: tls::client(&authority.pem(), None, &[])?,
                token: Some(tokens.operator.clone()),
            },
            users: Users::fresh()?,
            gossip: gossip_key()?,
            version: "v1".to_owned(),
            generation: 0,
            front: None,
            own_front: None,
            since: Instant::now(),
            _cables: match plan.network {
                Network::Namespaces => Some(Cables::plug()?),
                Network::Loopback(_) => None,
            },
            plan,
            machines,
            tokens,
            authority,
            certificates: Certificates::new(),
        };
        site.check_ports()?;
        for machine in 0..=MACHINES.len() {
            site.write_files(machine)?;
        }
        Ok(site)
    }

    /// All ports are free, or the error names the first that is not.
    fn check_ports(&self) -> anyhow::Result<()> {
        if self.plan.network == Network::Namespaces {
            return Ok(());
        }
        let ports = UNITS.iter().flat_map(|unit| unit.ports.to_vec());
        let ports = ports.chain(self.own_ports());
        let addrs = ports.flat_map(|port| self.plan.network.all(port));
        for addr in addrs.chain([self.proxy()]) {
            std::net::TcpListener::bind(addr).with_context(|| {
                format!(
                    "{addr} is taken, or this system has no such address; `--net 7` takes others"
                )
            })?;
        }
        Ok(())
    }

    /// The secrets and certificates of a machine.
    fn write_files(&self, machine: usize) -> anyhow::Result<()> {
        let folder = &self.machines[machine].folder;
        secret::write(&folder.join("authority.pem"), &self.authority.pem())?;
        self.certify(machine)?;
        let secrets: [(&str, &Secret); 5] = [
            ("captcha.token", &self.tokens.captcha),
            ("web.token", &self.tokens.web),
            ("redis.password", &self.users.captcha),
            ("finder.password", &self.users.finder),
            ("plane.token", &self.tokens.plane),
        ];
        let here = match machine < MACHINES.len() {
            true => &secrets[..4],
            false => &secrets[4..],
        };
        for (name, value) in here {
            secret::write(&folder.join(name), value.reveal())?;
        }
        Ok(())
    }

    pub(super) fn ip(&self, machine: usize) -> IpAddr {
        self.plan.network.ip(machine)
    }

    /// Consul's API on a machine.
    pub(super) fn consul(&self, machine: usize) -> SocketAddr {
        SocketAddr::new(self.ip(machine), CONSUL)
    }

    /// Returns the address of the reverse proxy, which visitors use.
    pub fn proxy(&self) -> SocketAddr {
        self.plan.network.proxy()
    }

    pub(super) fn say(&self, words: &str) {
        tell(&format!(
            "{:6.1} s  {words}",
            self.since.elapsed().as_secs_f64()
        ));
    }

    pub(super) fn start(&mut self, machine: usize, unit: &Unit) -> anyhow::Result<()> {
        match unit.program {
            Program::Consul => self.start_consul(machine),
            Program::Redis => self.start_redis(machine, (machine > 0).then(|| self.ip(0))),
            Program::Sentinel => self.start_sentinel(machine, self.ip(0)),
            Program::Captcha | Program::Web => self.start_role(machine, unit),
        }
    }

    pub(super) fn run(
        &mut self,
        machine: usize,
        name: &str,
        program: &Path,
        args: &[&str],
    ) -> anyhow::Result<()> {
        let mut command = self.command(machine, program);
        command.args(args);
        command.current_dir(&self.machines[machine].folder);
        self.spawn(machine, name, &mut command)
    }

    /// A program on a machine, before it is started.
    pub(super) fn command(&self, machine: usize, name: &Path) -> Command {
        match self.plan.network {
            Network::Namespaces if machine < MACHINES.len() => {
                program(name, Some(&namespace(machine)))
            }
            _ => program(name, None),
        }
    }

    pub(super) fn spawn(
        &mut self,
        machine: usize,
        name: &str,
        command: &mut Command,
    ) -> anyhow::Result<()> {
        let Machine { folder, processes } = &mut self.machines[machine];
        processes.push(Process::start(name, folder, command)?);
        Ok(())
    }

    fn start_consul(&mut self, machine: usize) -> anyhow::Result<()> {
        let folder = &self.machines[machine].folder;
        let node = Node {
            network: self.plan.network,
            machine,
            data: &folder.join("consul-data"),
            authority: &folder.join("authority.pem"),
            identity: &folder.join("consul.pem"),
            operator: &self.tokens.operator,
            token: &self.tokens.agents[machine],
            gossip: &self.gossip,
            plain: (self.plan.own.is_some() && machine < MACHINES.len())
                .then_some(&self.tokens.own),
        };
        secret::write(&folder.join("consul.json"), &node.config().to_string())?;
        let program = testkit::consul::find().context("consul")?;
        self.run(
            machine,
            "consul",
            &program,
            &["agent", "-config-file=consul.json"],
        )
    }

    pub(super) fn start_redis(
        &mut self,
        machine: usize,
        primary: Option<IpAddr>,
    ) -> anyhow::Result<()> {
        let folder = &self.machines[machine].folder;
        let config = self.users.redis(self.ip(machine), primary, folder);
        secret::write(&folder.join("redis.conf"), &config)?;
        let program = testkit::redis::find().context("redis-server")?;
        self.run(machine, "redis", &program, &["redis.conf"])
    }

    pub(super) fn start_sentinel(&mut self, machine: usize, primary: IpAddr) -> anyhow::Result<()> {
        let folder = &self.machines[machine].folder;
        let config = self.users.sentinel(self.ip(machine), primary, folder);
        secret::write(&folder.join("sentinel.conf"), &config)?;
        let program = testkit::redis::find().context("redis-server")?;
        self.run(
            machine,
            "sentinel",
            &program,
            &["sentinel.conf", "--sentinel"],
        )
    }

    fn start_role(&mut self, machine: usize, unit: &Unit) -> anyhow::Result<()> {
        let folder = &self.machines[machine].folder;
        let (role, captcha) = match unit.program {
            Program::Captcha => ("captcha", true),
            _ => ("web", false),
        };
        let file = |name: &str| folder.join(name);
        let settings = Settings {
            listen: SocketAddr::new(self.ip(machine), unit.port(self.generation)),
            version: self.version.clone(),
            consul: self.consul(machine),
            authority: file("authority.pem"),
            identity: file(&format!("{role}.pem")),
            token_file: file(&format!("{role}.token")),
            redis: captcha.then(|| roles::Redis {
                sentinels: self.plan.network.all(SENTINEL).to_vec(),
                password_file: file("redis.password"),
                finder_password_file: file("finder.password"),
            }),
            limits: self.plan.limits,
        };
        let name = format!("{}-{}", unit.name, self.version);
        let settings_file = file(&format!("{name}.json"));
        secret::write(&settings_file, &serde_json::to_string_pretty(&settings)?)?;
        let settings_file = settings_file.display().to_string();
        let program = std::env::current_exe()?;
        self.run(
            machine,
            &name,
            &program,
            &[role, "--settings", &settings_file],
        )
    }

    pub(super) async fn start_front(
        &self,
        service: &str,
        plan: resources::Plan,
    ) -> anyhow::Result<Front> {
        let folder = &self.machines[MACHINES.len()].folder;
        let token = Secret::read(&folder.join("plane.token"))?;
        let registry = l09_register::registry::Registry::secured(
            self.consul(MACHINES.len()),
            &folder.join("authority.pem"),
            token.reveal(),
        )?;
        let plane = ControlPlane::follow(registry, service, plan).await?;
        let envoy = crate::proxy::envoy(&plane).await?;
        Ok(Front {
            plane,
            _envoy: envoy,
        })
    }

    /// All processes of the site run, or the error says which has ended.
    pub(super) fn check(&mut self) -> anyhow::Result<()> {
        for (machine, place) in self.machines.iter_mut().zip(0..) {
            let ours = |process: &&mut Process| process.name != own::SERVICE;
            for process in machine.processes.iter_mut().filter(ours) {
                process
                    .check()
                    .with_context(|| format!("machine {}", consul::name(place)))?;
            }
        }
        Ok(())
    }

    async fn leader(&mut self) -> anyhow::Result<()> {
        let since = Instant::now();
        loop {
            self.check()?;
            let to = self.consul(0);
            let leader = self
                .api
                .ask(to, "GET", "/v1/status/leader", &Value::Null)
                .await;
            // The operator's token is known a moment after the election.
            let tokens = self
                .api
                .ask(to, "GET", "/v1/acl/tokens", &Value::Null)
                .await;
            if matches!((leader, tokens), (Ok((200, leader)), Ok((200, _))) if leader != "") {
                return Ok(());
            }
            ensure!(
                since.elapsed() < LIMIT,
                "Consul has no leader after {LIMIT:?}"
            );
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// Waits until Envoy has so many webs of the newest version.
    pub(super) async fn listed(&mut self, webs: usize) -> anyhow::Result<()> {
        let since = Instant::now();
        loop {
            self.check()?;
            let front = self.front.as_ref().context("no front")?;
            let list = front.plane.instances();
            let list = list.borrow().get(&self.version).map_or(0, BTreeSet::len);
            if list >= webs {
                // Envoy has it some milliseconds later.
                sleep(Duration::from_millis(100)).await;
                return Ok(());
            }
            ensure!(
                since.elapsed() < LIMIT,
                "Envoy has {list} of {webs} webs after {LIMIT:?}"
            );
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until every Sentinel knows all of Redis and all other Sentinels.
    async fn watched(&mut self) -> anyhow::Result<()> {
        let since = Instant::now();
        let login = Login {
            user: "finder",
            password: self.users.finder.clone(),
        };
        for sentinel in self.plan.network.all(SENTINEL) {
            while !failover::knows_all(sentinel, &login).await.unwrap_or(false) {
                self.check()?;
                ensure!(
                    since.elapsed() < LIMIT,
                    "Sentinel at {sentinel} does not see all"
                );
                sleep(Duration::from_millis(100)).await;
            }
        }
        Ok(())
    }

    /// Waits until a captcha is solved.
    async fn solved(&mut self) -> anyhow::Result<()> {
        let since = Instant::now();
        loop {
            self.check()?;
            let outcome = async {
                let captcha = visitor::look(self.proxy()).await?;
                visitor::answer(self.proxy(), &captcha).await
            };
            match outcome.await {
                Ok(true) => return Ok(()),
                Err(error) if since.elapsed() > LIMIT => return Err(error),
                _ => sleep(Duration::from_millis(100)).await,
            }
        }
    }
}
