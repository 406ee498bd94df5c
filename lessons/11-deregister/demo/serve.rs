//! `-- server`: lesson 09's greeter, which registers itself and stays registered; and this one leaves
//! well when it is asked to end.

use std::net::SocketAddr;
use std::time::Duration;

use l06_grpc::listen::{on_signal, taken, tell};
use l06_grpc::server::Settings;
use l06_grpc::work::Work;
use l09_register::advertise;
use l09_register::instance::{EVERY, Instance};
use l09_register::keep::{Event, Rhythm, keep_and_tell};
use l09_register::registry::Registry;
use l09_register::service::{self, Options};
use l11_deregister::drain::{Left, Limits, Staying, leave};

/// What `server` was told.
pub struct Serve {
    pub addr: SocketAddr,
    pub consul: SocketAddr,
    pub name: String,
    /// What it calls itself in its replies.
    pub instance: Option<String>,
    /// The time between two looks of Consul.
    pub every: Duration,
    /// Consul forgets it when it has been critical for so long.
    pub reap: Duration,
    /// How long each call works.
    pub slow: Duration,
    pub limits: Limits,
    /// Ends at once when it is asked to, and tells nobody.
    pub careless: bool,
    /// Ends with its standard input: whoever started it and holds that may be killed.
    pub until_stdin_ends: bool,
}

impl Default for Serve {
    fn default() -> Self {
        Serve {
            addr: SocketAddr::from(([127, 0, 0, 1], 8811)),
            consul: SocketAddr::from(([127, 0, 0, 1], 8500)),
            name: "greeter".to_string(),
            instance: None,
            every: EVERY,
            reap: Duration::from_secs(60),
            slow: Duration::ZERO,
            limits: Limits::default(),
            careless: false,
            until_stdin_ends: false,
        }
    }
}

/// What remains to be said when the program ends.
pub const AT_ONCE: &str = "ends at once, as asked a second time";

// ANCHOR: run
/// Serves until a signal comes, and then leaves.
pub async fn run(serve: Serve) -> anyhow::Result<()> {
    let mut stop = on_signal(serve.until_stdin_ends)?;
    let staying = start(&serve).await?;
    let _ = stop.wait_for(|stop| *stop).await;
    if serve.careless {
        return Ok(());
    }
    // Whoever asks a second time means it.
    let mut again = on_signal(false)?;
    tell(&format!(
        "leaving: at most {} s; Ctrl-C once more ends it at once",
        serve.limits.longest().as_secs_f64().ceil()
    ));
    let left = tokio::select! {
        left = leave(staying, serve.limits, |step| tell(&step.to_string())) => left,
        _ = again.wait_for(|stop| *stop) => {
            anyhow::bail!("{AT_ONCE}: calls may be lost");
        }
    };
    match left {
        Left {
            told: true,
            finished: true,
        } => Ok(()),
        Left { told: false, .. } => {
            anyhow::bail!("Consul still has the entry; its checks will find nobody")
        }
        Left {
            finished: false, ..
        } => anyhow::bail!("calls were cut off after the grace"),
    }
}
// ANCHOR_END: run

async fn start(serve: &Serve) -> anyhow::Result<Staying> {
    let registry = Registry::at(serve.consul)?;
    let mut settings = Settings {
        // The grace is counted in `leave`, which can say whether it was enough. This one comes later.
        grace: serve.limits.grace + Duration::from_secs(1),
        ..Settings::default()
    };
    if !serve.slow.is_zero() {
        settings.work = Some(Work::new(serve.slow, |_| {}));
    }
    let service = service::start(Options {
        bind: serve.addr,
        instance: serve.instance.clone(),
        settings,
    })
    .await
    .map_err(|error| taken(serve.addr, &error))?;
    let advertised = advertise::address(service.addr, None)?;
    let instance = Instance::new(&serve.name, advertised)
        .checked_every(serve.every)
        .reaped_after(serve.reap);
    let id = instance.id.clone();
    tell(&format!("listening on {}", service.addr));
    let kept = {
        let id = id.clone();
        keep_and_tell(
            registry.clone(),
            instance,
            Rhythm::default(),
            move |event| {
                tell(&words(&id, event));
            },
        )
    };
    Ok(Staying {
        service,
        kept,
        registry,
        id,
    })
}

fn words(id: &str, event: &Event) -> String {
    match event {
        Event::Registered { .. } => format!("registered: {id}"),
        Event::Failed { error, pause } => format!("{error}; again in {} ms", pause.as_millis()),
        Event::Forgotten => format!("Consul does not know {id} any more"),
        Event::GivenUp { error } => format!("{error}. This will not get better by itself"),
    }
}
