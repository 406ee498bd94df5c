//! `-- server`: lesson 09's greeter, registered and kept registered. How it leaves without a lost
//! call is lesson 11.

use std::net::SocketAddr;
use std::time::Duration;

use l09_register::advertise;
use l09_register::instance::Instance;
use l09_register::keep::{Rhythm, keep};
use l09_register::registry::Registry;
use l09_register::service::{self, Options};
use stage::commands::Given;
use stage::signal::{on_signal, taken, tell};

/// The options of `server`.
pub struct Serve {
    pub addr: SocketAddr,
    pub consul: SocketAddr,
    pub name: String,
    pub every: Duration,
}

impl Serve {
    /// The options of `server`.
    pub fn given(given: &Given) -> anyhow::Result<Self> {
        Ok(Serve {
            addr: given.address("addr")?,
            consul: given.address("consul")?,
            name: given.value("name")?,
            every: Duration::from_millis(given.value("check-every-ms")?),
        })
    }
}

/// Serves until a signal comes.
pub async fn run(serve: Serve) -> anyhow::Result<()> {
    let mut stop = on_signal(false)?;
    let registry = Registry::at(serve.consul)?;
    let service = service::start(Options {
        bind: serve.addr,
        ..Options::default()
    })
    .await
    .map_err(|error| taken(serve.addr, "--addr 127.0.0.1:8802", &error))?;
    let advertised = advertise::address(service.addr, None)?;
    let instance = Instance::new(&serve.name, advertised).checked_every(serve.every);
    tell(&format!("listening on {}", service.addr));
    let kept = keep(registry, instance, Rhythm::default());
    let _ = stop.wait_for(|stop| *stop).await;
    match kept.leave().await {
        Ok(()) => tell("deregistered"),
        // The entry stays; its checks fail from now on.
        Err(error) => eprintln!("l10-discover: not deregistered: {error}"),
    }
    service.stop().await;
    Ok(())
}
