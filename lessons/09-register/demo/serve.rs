//! `-- server`: a greeter that registers itself, keeps itself registered, and takes itself off the
//! list when it is asked to end.

use std::net::SocketAddr;
use std::time::Duration;

use l09_register::advertise::{self, Wanted};
use l09_register::instance::{EVERY, Instance};
use l09_register::keep::{Rhythm, keep};
use l09_register::registry::{Registry, addressable};
use l09_register::service::{self, Options};
use stage::commands::Given;
use stage::signal::{on_signal, taken, tell};
use tonic_health::ServingStatus::{NotServing, Serving};

/// The options of `server`.
pub struct Serve {
    pub addr: SocketAddr,
    pub consul: SocketAddr,
    pub name: String,
    pub id: Option<String>,
    pub advertise: Option<Wanted>,
    pub every: Duration,
    pub warm_up: Duration,
}

impl Serve {
    /// The options of `server`.
    pub fn given(given: &Given) -> anyhow::Result<Self> {
        Ok(Serve {
            addr: given.address("addr")?,
            consul: given.address("consul")?,
            name: given.value("name")?,
            id: given.text("id").map(str::to_string),
            advertise: given.parsed("advertise")?,
            every: given.millis("check-every-ms")?.unwrap_or(EVERY),
            warm_up: given.millis("warm-up-ms")?.unwrap_or_default(),
        })
    }
}

// ANCHOR: run
/// Serves until a signal comes.
pub async fn run(serve: Serve) -> anyhow::Result<()> {
    let mut stop = on_signal(false)?;
    let registry = Registry::at(serve.consul)?;
    if let Some(id) = &serve.id {
        addressable(id)?;
    }
    let service = service::start(Options {
        bind: serve.addr,
        instance: serve.id.clone(),
        ..Options::default()
    })
    .await
    .map_err(|error| taken(serve.addr, "--addr 127.0.0.1:8802", &error))?;
    // Only now is the port known: 0 was a wish, and what is bound is a fact.
    let advertised = advertise::address(service.addr, serve.advertise)?;
    let mut instance = Instance::new(&serve.name, advertised).checked_every(serve.every);
    if let Some(id) = &serve.id {
        instance = instance.with_id(id);
    }
    if !serve.warm_up.is_zero() {
        service.report(NotServing).await;
    }
    tell(&format!("listening on {}", service.addr));
    let kept = keep(registry, instance, Rhythm::default());
    if !serve.warm_up.is_zero() {
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => (),
            () = tokio::time::sleep(serve.warm_up) => {
                service.report(Serving).await;
                tell("ready: SERVING");
            }
        }
    }
    let _ = stop.wait_for(|stop| *stop).await;
    match kept.leave().await {
        Ok(()) => tell("deregistered"),
        // The entry stays; its checks fail from now on.
        Err(error) => eprintln!("l09-register: not deregistered: {error}"),
    }
    service.stop().await;
    Ok(())
}
// ANCHOR_END: run
