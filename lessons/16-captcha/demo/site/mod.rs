//! The whole site: a Consul and a Redis, two captcha services and the web, each a process of its own (an
//! embedded store lives in this one). The command `site`, the tests and the soak use it.

// The runner depends on no lesson and no lesson on the runner, so the file stands once and is compiled in both.
#[path = "../../../../scripts/workbook/src/browser.rs"]
pub mod open;

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use l13_framework::registries;
use l13_framework::registry::{self, Registry};
use services::Side;
use services::consul::{self, Consul};
use services::redis::{self, Redis};
use stage::child::{Ask, Child, PATIENCE, Spawn};
use tokio::time::{Instant, sleep, timeout};

use crate::browser::Browser;
use l15_redis::server::Decode;

/// The default address of the page.
pub const WEB: SocketAddr = local(8080);

/// The default addresses of the two services.
pub const SERVICES: [SocketAddr; 2] = [local(8880), local(8881)];

const fn local(port: u16) -> SocketAddr {
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), port)
}

/// Gets each line that a part of the site says, with the part's name.
pub type Heard = Arc<dyn Fn(&str, &str) + Send + Sync>;

/// The settings of a site to start.
#[derive(Clone)]
pub struct Setting {
    /// This program, which all processes are.
    pub program: PathBuf,
    /// Which Consul; `None`: what `WORKBOOK_SERVICES` says, else the real one where there is one.
    pub consul: Option<Side>,
    /// Which Redis; the same.
    pub redis: Option<Side>,
    /// Where the page is; port 0 is any free one.
    pub web: SocketAddr,
    /// Where the services listen.
    pub services: Vec<SocketAddr>,
    /// More options for each service.
    pub of_service: Vec<String>,
    /// Who reads the requests in an embedded Redis, instead of its own reader.
    pub decode: Option<Decode>,
    /// Gets what the processes say.
    pub heard: Heard,
}

impl Setting {
    /// A site on free ports, whose processes' output is dropped.
    pub fn new(program: PathBuf) -> Self {
        Setting {
            program,
            consul: None,
            redis: None,
            web: local(0),
            services: vec![local(0); 2],
            of_service: Vec::new(),
            decode: None,
            heard: Arc::new(|_, _| {}),
        }
    }
}

/// A part of the site: this program, started again. It is killed with this value.
pub struct Part {
    /// Where it listens.
    pub addr: SocketAddr,
    /// Its process.
    pub process: Child,
}

impl Part {
    /// Starts it, and returns when it listens.
    async fn start(setting: &Setting, name: &str, words: &[String]) -> anyhow::Result<Self> {
        let (heard, whose) = (Arc::clone(&setting.heard), name.to_string());
        let process = Spawn::program(&setting.program, words)
            .name(name)
            .note("registered: ")
            .errors_too()
            .heard(move |line| heard(&whose, &line.text))
            .start()?;
        Ok(Part {
            addr: process.listening().await?,
            process,
        })
    }

    /// A captcha service; returns when it is registered.
    async fn service(
        setting: &Setting,
        number: usize,
        addr: SocketAddr,
        consul: SocketAddr,
        redis: SocketAddr,
    ) -> anyhow::Result<Self> {
        // A lease of a few seconds, so that a killed service leaves the list soon.
        let often = ["--register_ttl", "6s", "--register_interval", "2s"].map(str::to_string);
        let words = [
            &service_words(addr, consul, redis)[..],
            &often,
            &setting.of_service,
        ]
        .concat();
        let service = Part::start(setting, &format!("service-{number}"), &words).await?;
        service.process.said("registered: ").await?;
        Ok(service)
    }

    /// Asks it to end, as Ctrl-C does, and waits until it has.
    async fn end(self) -> anyhow::Result<()> {
        let (status, _) = self.process.ask_to_end(Ask::Interrupt, PATIENCE).await?;
        ensure!(
            status.success(),
            "{} ended with {status}",
            self.process.name()
        );
        Ok(())
    }

    fn said(&self) -> String {
        let (name, id) = (self.process.name(), self.process.id());
        format!("{name} on {} (process {id})", self.addr)
    }
}

/// A running site. Everything ends with this value.
pub struct Site {
    /// The registry; `None` while it is away.
    pub consul: Option<Consul>,
    /// Where the codes are.
    pub redis: Redis,
    /// The captcha services; `None` where one was killed.
    pub services: Vec<Option<Part>>,
    /// The page.
    pub web: Part,
    /// Where each service listens, killed or not.
    pub at: Vec<SocketAddr>,
    consul_at: SocketAddr,
    setting: Setting,
}

/// Checks that all addresses are free. The error says what to do.
///
/// # Errors
/// The first address that is taken, or is none of this machine's.
pub fn free(wanted: &[(&str, &str, SocketAddr)]) -> anyhow::Result<()> {
    for (what, option, addr) in wanted {
        let Err(error) = TcpListener::bind(addr) else {
            continue;
        };
        if error.kind() == io::ErrorKind::AddrInUse {
            bail!(
                "{addr} is taken, and {what} belongs there. Stop the program that listens there \
                 (`ss -ltnp` lists them), or choose another address: {option}; with port 0 any free one"
            );
        }
        bail!("{what} cannot listen on {addr}: {error}; {option} chooses another address");
    }
    Ok(())
}

impl Site {
    /// Starts all of it, and returns when the page reaches both services and the store.
    pub async fn open(setting: Setting) -> anyhow::Result<Self> {
        let consul = consul::Setup::of(setting.consul);
        let consul = logged_while_slow("Consul", consul.start()).await?;
        tracing::info!(
            "consul on {} ({}, {})",
            consul.addr(),
            consul.side(),
            process_of(consul.pid())
        );
        let redis = redis::Setup {
            decode: setting.decode,
            ..redis::Setup::of(setting.redis)
        };
        let redis = logged_while_slow("Redis", redis.start()).await?;
        tracing::info!(
            "redis on {} ({}, {})",
            redis.addr(),
            redis.side(),
            process_of(redis.pid())
        );
        let mut services = Vec::new();
        for (number, addr) in (1..).zip(&setting.services) {
            let service = Part::service(&setting, number, *addr, consul.addr(), redis.addr());
            let service = logged_while_slow(&format!("service-{number}"), service).await?;
            tracing::info!("{}", service.said());
            services.push(Some(service));
        }
        let at = services.iter().flatten().map(|service| service.addr);
        let at = at.collect();
        let words = web_words(setting.web, consul.addr());
        let web = logged_while_slow("web", Part::start(&setting, "web", &words)).await?;
        let site = Site {
            consul_at: consul.addr(),
            consul: Some(consul),
            redis,
            services,
            web,
            at,
            setting,
        };
        logged_while_slow("the whole path", site.answers()).await?;
        tracing::info!("{}", site.web.said());
        Ok(site)
    }

    /// Returns when the page gets answers through service and store.
    async fn answers(&self) -> anyhow::Result<()> {
        let answers = async {
            loop {
                let asked = Browser::new(self.web.addr).get("/api/v1.0/session").await;
                if asked.is_ok_and(|reply| reply.status < 500) {
                    return;
                }
                sleep(Duration::from_millis(50)).await;
            }
        };
        let answers = timeout(PATIENCE, answers).await;
        ensure!(
            answers.is_ok(),
            "everything runs, and the page does not reach its services"
        );
        Ok(())
    }

    /// Returns the address of Consul, also while it is away.
    pub fn consul_at(&self) -> SocketAddr {
        self.consul_at
    }

    /// The registry that the processes use, for ourselves.
    ///
    /// # Errors
    /// If the framework does not know it.
    pub fn registry(&self) -> anyhow::Result<Arc<dyn Registry>> {
        let mut registry = registries::named("consul")?;
        registry.init(registry::Options {
            addresses: vec![self.consul_at],
            ..registry::Options::default()
        })?;
        Ok(Arc::from(registry))
    }

    /// `kill -9` for a service.
    ///
    /// # Errors
    /// If it was killed already.
    pub fn kill_service(&mut self, index: usize) -> anyhow::Result<()> {
        let service = self.services.get_mut(index).and_then(Option::take);
        service
            .context("there is no such service to kill")?
            .process
            .kill();
        Ok(())
    }

    /// Starts a killed service again where it was, and returns when it is registered.
    pub async fn start_service(&mut self, index: usize) -> anyhow::Result<()> {
        let addr = self.at.get(index).context("there is no such service")?;
        let consul = self.consul_at;
        let service = Part::service(&self.setting, index + 1, *addr, consul, self.redis.addr());
        self.services[index] = Some(service.await?);
        Ok(())
    }

    /// Consul is killed, with everything that it knows.
    pub async fn kill_consul(&mut self) {
        if let Some(consul) = self.consul.take() {
            consul.stop().await;
        }
    }

    /// Starts Consul again at its address. Its registry is empty.
    pub async fn start_consul(&mut self) -> anyhow::Result<()> {
        let setup = consul::Setup::of(self.setting.consul).at(self.consul_at.port());
        self.consul = Some(setup.start().await?);
        Ok(())
    }

    /// Ends all of it in order: the web takes no more requests, the services deregister and finish
    /// what is under way, and the stores end last because no process uses them any more.
    ///
    /// # Errors
    /// What has not ended well; everything is ended all the same.
    pub async fn end(self) -> anyhow::Result<()> {
        tracing::info!("ending the web");
        let mut outcome = self.web.end().await;
        tracing::info!("ending the services: they deregister and finish what is under way");
        let mut leaving = tokio::task::JoinSet::new();
        for service in self.services.into_iter().flatten() {
            leaving.spawn(service.end());
        }
        while let Some(left) = leaving.join_next().await {
            outcome = outcome.and(left.context("a service")?);
        }
        tracing::info!("ending Redis and Consul");
        self.redis.stop().await;
        if let Some(consul) = self.consul {
            consul.stop().await;
        }
        outcome
    }
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Site")
            .field("consul", &self.consul_at)
            .field("redis", &self.redis.addr())
            .field("services", &self.at)
            .field("web", &self.web.addr)
            .finish_non_exhaustive()
    }
}

/// A process of this number, in words.
fn process_of(number: u32) -> String {
    if number == std::process::id() {
        "in this process".to_string()
    } else {
        format!("process {number}")
    }
}

/// Logs every two seconds that something takes long.
async fn logged_while_slow<T>(
    what: &str,
    work: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<T> {
    let mut work = std::pin::pin!(work);
    let since = Instant::now();
    loop {
        match timeout(Duration::from_secs(2), work.as_mut()).await {
            Ok(done) => return done,
            Err(_) => {
                let seconds = since.elapsed().as_secs();
                tracing::info!("still waiting for {what}, {seconds} s");
            }
        }
    }
}

/// The options that name the registry.
fn registry_flags(consul: SocketAddr) -> [String; 4] {
    let at = consul.to_string();
    ["--registry", "consul", "--registry_address", &at].map(str::to_string)
}

/// Returns the command line of a service.
pub fn service_words(addr: SocketAddr, consul: SocketAddr, redis: SocketAddr) -> Vec<String> {
    let (addr, redis) = (addr.to_string(), redis.to_string());
    let words = ["service", "--addr", &addr, "--redis", &redis].map(str::to_string);
    [&words[..], &registry_flags(consul)].concat()
}

/// Returns the command line of the web.
pub fn web_words(addr: SocketAddr, consul: SocketAddr) -> Vec<String> {
    let words = ["web", "--addr", &addr.to_string()].map(str::to_string);
    [&words[..], &registry_flags(consul)].concat()
}
