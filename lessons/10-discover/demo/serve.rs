//! `-- server`: lesson 09's greeter, registered and kept registered. How it leaves without a lost
//! call is lesson 11.

use std::net::SocketAddr;
use std::time::Duration;

use l06_grpc::listen::{on_signal, taken, tell};
use l09_register::advertise;
use l09_register::instance::Instance;
use l09_register::keep::{Event, Rhythm, keep_and_tell};
use l09_register::registry::Registry;
use l09_register::service::{self, Options};

/// What `server` was told.
pub struct Serve {
    pub addr: SocketAddr,
    pub consul: SocketAddr,
    pub name: String,
    pub every: Duration,
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
    .map_err(|error| taken(serve.addr, &error))?;
    let advertised = advertise::address(service.addr, None)?;
    let instance = Instance::new(&serve.name, advertised).checked_every(serve.every);
    tell(&format!("listening on {}", service.addr));
    let kept = keep_and_tell(registry, instance, Rhythm::default(), |event| match event {
        Event::Registered { .. } => tell("registered"),
        Event::Failed { error, pause } => {
            tell(&format!("{error}; again in {} ms", pause.as_millis()));
        }
        Event::Forgotten => tell("Consul does not know me any more"),
        Event::GivenUp { error } => tell(&format!("{error}. This will not get better by itself")),
    });
    let _ = stop.wait_for(|stop| *stop).await;
    match kept.leave().await {
        Ok(()) => tell("deregistered"),
        // The entry stays; its checks will find nobody.
        Err(error) => eprintln!("l10-discover: not deregistered: {error}"),
    }
    service.stop().await;
    Ok(())
}
