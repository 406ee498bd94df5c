//! `-- server`: a greeter that registers itself, keeps itself registered, and takes itself off the
//! list when it is asked to end.

use std::net::SocketAddr;
use std::time::Duration;

use l06_grpc::listen::{on_signal, taken, tell};
use l09_register::advertise::{self, Wanted};
use l09_register::instance::{EVERY, Instance};
use l09_register::keep::{Event, Rhythm, keep_and_tell};
use l09_register::registry::{Registry, addressable};
use l09_register::service::{self, Options};
use tonic_health::ServingStatus::{NotServing, Serving};

/// What `server` was told.
pub struct Serve {
    pub addr: SocketAddr,
    pub consul: SocketAddr,
    pub name: String,
    pub id: Option<String>,
    pub advertise: Option<Wanted>,
    pub every: Duration,
    pub warm_up: Duration,
}

impl Default for Serve {
    fn default() -> Self {
        Serve {
            addr: SocketAddr::from(([127, 0, 0, 1], 8801)),
            consul: SocketAddr::from(([127, 0, 0, 1], 8500)),
            name: "greeter".to_string(),
            id: None,
            advertise: None,
            every: EVERY,
            warm_up: Duration::ZERO,
        }
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
    .map_err(|error| taken(serve.addr, &error))?;
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
    let words = said(&instance);
    let kept = keep_and_tell(registry, instance, Rhythm::default(), move |event| {
        tell(&words(event));
    });
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
        // The entry stays; its checks will find nobody.
        Err(error) => eprintln!("l09-register: not deregistered: {error}"),
    }
    service.stop().await;
    Ok(())
}
// ANCHOR_END: run

/// Puts what happens to this instance into words.
fn said(instance: &Instance) -> impl Fn(&Event) -> String + Send + Sync + 'static {
    let id = instance.id.clone();
    let place = format!("{}:{}", instance.address, instance.port);
    move |event| match event {
        Event::Registered { attempts: 1 } => format!("registered: {id} at {place}"),
        Event::Registered { attempts } => {
            format!("registered: {id} at {place}, attempt {attempts}")
        }
        Event::Failed { error, pause } => {
            format!("{error}; again in {} ms", pause.as_millis())
        }
        Event::Forgotten => format!("Consul does not know {id} any more"),
        Event::GivenUp { error } => format!("{error}. This will not get better by itself"),
    }
}
