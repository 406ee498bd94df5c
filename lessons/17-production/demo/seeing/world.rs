//! The site with everything that sees it: Redis, the captcha service, the web, Envoy, the receiver, and Prometheus. The
//! demo and the tests use it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, ensure};
use l17_production::seeing::proxy::bootstrap;
use l17_production::seeing::questions;
use l17_production::seeing::receiver::{Limits, Receiver};
use l17_production::seeing::trace::{Trace, TraceId};
use services::redis::{Redis, Setup};
use stage::child::{Ask, Child, Spawn};
use stage::http::{Answer, Request};
use testkit::envoy::Envoy;
use testkit::free_port;
use testkit::prometheus::Prometheus;
use tokio::time::{sleep, timeout};

/// The limit for what happens within seconds on a quiet machine.
pub const TIMEOUT: Duration = Duration::from_secs(60);

/// Everything that runs. It ends with this value.
pub struct World {
    /// Gets the spans of all.
    pub receiver: Receiver,
    /// The store of the service.
    pub redis: Redis,
    /// The captcha service; `None` while it is away.
    pub captchas: Option<Child>,
    /// Where Envoy accepts requests.
    pub proxy: SocketAddr,
    /// Where Prometheus answers queries.
    pub prometheus: SocketAddr,
    program: PathBuf,
    receiver_at: SocketAddr,
    captchas_at: SocketAddr,
    // These end with this value.
    _web: Child,
    _envoy: Envoy,
    _prometheus: Prometheus,
}

impl World {
    /// Starts all of it; `program` is this program. Returns when a request has gone the whole way.
    pub async fn start(program: &Path, redis: Setup) -> anyhow::Result<Self> {
        let receiver = Receiver::new(Limits::default());
        let receiver_at = receiver.serve().await?;
        let redis = redis.start().await?;
        let captchas_at = stage::child::place()?;
        let captchas = captchas(program, captchas_at, receiver_at, redis.addr()).await?;
        let call = ["--captchas".to_owned(), captchas_at.to_string()];
        let web = part(program, "web", receiver_at)
            .args(call)
            .name("the web")
            .start()?;
        let web_at = web.listening().await?;
        let proxy = SocketAddr::from(([127, 0, 0, 1], free_port()?));
        let config = bootstrap(proxy, web_at, Some(receiver_at)).to_string();
        let envoy = tokio::task::spawn_blocking(move || Envoy::start(&config)).await??;
        let config = questions::config(&[web_at]).to_string();
        let prometheus = tokio::task::spawn_blocking(move || Prometheus::start(&config)).await??;
        let world = World {
            receiver,
            redis,
            captchas: Some(captchas),
            proxy,
            prometheus: prometheus.addr(),
            program: program.to_owned(),
            receiver_at,
            captchas_at,
            _web: web,
            _envoy: envoy,
            _prometheus: prometheus,
        };
        world.answers().await?;
        Ok(world)
    }

    /// Asks for the picture with this id, through Envoy.
    ///
    /// # Errors
    /// If Envoy does not answer.
    pub async fn picture(&self, id: &str) -> anyhow::Result<Answer> {
        let request = Request::get(path(id)).within(TIMEOUT);
        Ok(request.send(self.proxy).await?)
    }

    /// Waits for a trace like this that is none of the known ones.
    ///
    /// # Errors
    /// If there is none within a minute.
    pub async fn trace(
        &self,
        known: &[TraceId],
        complete: impl Fn(&Trace) -> bool,
    ) -> anyhow::Result<(TraceId, Trace)> {
        let new = |id: TraceId, trace: &Trace| !known.contains(&id) && complete(trace);
        let found = timeout(TIMEOUT, self.receiver.find(new)).await;
        found.context("no such trace has come")
    }

    /// Kills the service with -9: it sends no span any more.
    pub fn kill_captchas(&mut self) {
        if let Some(captchas) = self.captchas.take() {
            captchas.kill();
        }
    }

    /// Asks the service to end, and waits until it has.
    ///
    /// # Errors
    /// If it does not end well.
    pub async fn end_captchas(&mut self) -> anyhow::Result<()> {
        let captchas = self.captchas.take().context("it does not run")?;
        let (status, _) = captchas.ask_to_end(Ask::Terminate, TIMEOUT).await?;
        ensure!(status.success(), "the service ended with {status}");
        Ok(())
    }

    /// Starts the service again, and waits until requests reach it.
    pub async fn start_captchas(&mut self) -> anyhow::Result<()> {
        let (at, receiver, redis) = (self.captchas_at, self.receiver_at, self.redis.addr());
        self.captchas = Some(captchas(&self.program, at, receiver, redis).await?);
        self.answers().await
    }

    async fn answers(&self) -> anyhow::Result<()> {
        let answers = async {
            while !(self.picture("first").await).is_ok_and(|answer| answer.status == 200) {
                sleep(Duration::from_millis(50)).await;
            }
        };
        let answers = timeout(TIMEOUT, answers).await;
        answers.context("everything runs, and no request goes the whole way")
    }
}

/// Returns the path of the picture with this id.
pub fn path(id: &str) -> String {
    format!("/api/v1.0/imagecode/{id}")
}

async fn captchas(
    program: &Path,
    at: SocketAddr,
    receiver: SocketAddr,
    redis: SocketAddr,
) -> anyhow::Result<Child> {
    let (at, redis) = (at.to_string(), redis.to_string());
    let captchas = part(program, "captchas", receiver)
        .args(["--addr", &at, "--redis", &redis])
        .name("the service")
        .start()?;
    captchas.listening().await?;
    Ok(captchas)
}

fn part(program: &Path, name: &str, receiver: SocketAddr) -> Spawn {
    let receiver = receiver.to_string();
    Spawn::program(program, ["seeing", name, "--receiver", &receiver])
        .until_stdin_ends("--until-stdin-ends")
        .errors_too()
}
