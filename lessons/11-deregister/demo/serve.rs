//! `-- server`: lesson 09's greeter, which registers itself and stays registered. This one shuts down gracefully.

use std::net::SocketAddr;
use std::time::Duration;

use l06_grpc::server::Settings;
use l09_register::advertise;
use l09_register::instance::{EVERY, Instance};
use l09_register::keep::{Rhythm, keep};
use l09_register::registry::Registry;
use l09_register::service::{self, Options};
use l11_deregister::drain::{Limits, Staying};
use l11_deregister::serve::serve_until;
use stage::commands::Given;
use stage::signal::{on_signal, stopped, taken, tell};

/// The options of `server`.
pub struct Serve {
    addr: SocketAddr,
    consul: SocketAddr,
    name: String,
    /// What it calls itself in its replies.
    instance: Option<String>,
    /// The time between two looks of Consul.
    every: Duration,
    /// Consul forgets it when it has been critical for so long.
    reap: Duration,
    /// How long each call works.
    slow: Duration,
    limits: Limits,
    /// Ends at once when it is asked to, without a deregistration.
    careless: bool,
    /// Ends with its standard input: the process that holds the other end may be killed.
    until_stdin_ends: bool,
}

impl Serve {
    /// The options of `server`.
    pub fn given(given: &Given) -> anyhow::Result<Self> {
        Ok(Serve {
            addr: given.address("addr")?,
            consul: given.address("consul")?,
            name: given.value("name")?,
            instance: given.text("instance").map(str::to_string),
            every: given.millis("check-every-ms")?.unwrap_or(EVERY),
            reap: Duration::from_secs(given.value("reap-s")?),
            slow: given.millis("slow-ms")?.unwrap_or_default(),
            limits: limits(given)?,
            careless: given.has("careless"),
            until_stdin_ends: given.has("until-stdin-ends"),
        })
    }
}

/// Returns the time limits of the shutdown's steps.
pub fn limits(given: &Given) -> anyhow::Result<Limits> {
    let mut limits = Limits::default();
    given.set_millis("goodbye-ms", &mut limits.goodbye)?;
    given.set_millis("notice-ms", &mut limits.notice)?;
    given.set_millis("grace-ms", &mut limits.grace)?;
    Ok(limits)
}

/// Serves until a signal comes, and then leaves.
pub async fn run(serve: Serve) -> anyhow::Result<()> {
    let stop = on_signal(serve.until_stdin_ends)?;
    let staying = start(&serve).await?;
    if serve.careless {
        stopped(stop).await;
        return Ok(());
    }
    // Not before it is needed: the first signal would count twice.
    let again = async {
        match on_signal(false) {
            Ok(again) => stopped(again).await,
            Err(_) => std::future::pending().await,
        }
    };
    Ok(serve_until(staying, serve.limits, stopped(stop), again).await?)
}

async fn start(serve: &Serve) -> anyhow::Result<Staying> {
    let registry = Registry::at(serve.consul)?;
    let mut settings = Settings {
        // The grace is counted in `leave`, which can say whether it was enough. This one comes later.
        grace: serve.limits.grace + Duration::from_secs(1),
        ..Settings::default()
    };
    if !serve.slow.is_zero() {
        settings.work = Some(serve.slow);
    }
    let service = service::start(Options {
        bind: serve.addr,
        instance: serve.instance.clone(),
        settings,
    })
    .await
    .map_err(|error| taken(serve.addr, "--addr 127.0.0.1:8812", &error))?;
    let advertised = advertise::address(service.addr, None)?;
    let instance = Instance::new(&serve.name, advertised)
        .checked_every(serve.every)
        .reaped_after(serve.reap);
    let id = instance.id.clone();
    tell(&format!("listening on {}", service.addr));
    let kept = keep(registry.clone(), instance, Rhythm::default());
    Ok(Staying {
        service,
        kept,
        registry,
        id,
    })
}
