//! `-- mine`: the learner's own answer of `registration` registers a greeter. Consul is the real one where there is one.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::bail;
use l08_consul::agent::{Agent, Config};
use l08_consul::ask;
use testkit::consul::{Consul, find};
use testkit::mine;
use tokio::time::sleep;

use crate::peer::Peer;

mod registration {
    include!(concat!(env!("OUT_DIR"), "/registration.rs"));
}

use registration::{OWN, answer, given};

/// The longest wait for a change; the interval of the check is 5 s.
const LONGEST: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(100);

/// The greeter, and the Consul that it is registered with.
struct Story {
    consul: SocketAddr,
    instance: given::Instance,
}

/// Tells the story: a greeter is registered, healthy, unhealthy, healthy again, and killed.
pub async fn run() -> anyhow::Result<()> {
    println!("registration: {}", mine::whose("registration", OWN));
    println!("Starting a Consul ...");
    let real = match find() {
        Some(_) => Some(tokio::task::spawn_blocking(Consul::start).await??),
        None => None,
    };
    let readable = match &real {
        Some(_) => None,
        None => Some(Agent::start(Config::default()).await?),
    };
    let (kind, consul) = match (&real, &readable) {
        (Some(real), _) => ("real", real.addr()),
        (None, Some(readable)) => ("readable", readable.address()),
        (None, None) => bail!("no Consul was started"),
    };
    println!("It is the {kind} one, at {consul}.");
    let greeters = Peer::start(consul).await?;
    let [addr, ..] = greeters.addresses[..] else {
        bail!("no greeter was started")
    };
    let instance = given::Instance {
        name: "greeter".into(),
        id: "greeter-1".into(),
        addr,
    };
    println!("The greeter listens on {addr}, and its /health answers 200.\n");
    println!(
        "register    {:?}",
        answer::register(consul, &instance).await
    );
    let story = Story { consul, instance };
    story.until(true).await?;
    println!("\nIts /health answers 503 from now on.");
    greeters.order("1 status 503").await?;
    story.until(false).await?;
    println!("\nIts /health answers 200 again.");
    greeters.order("1 status 200").await?;
    story.until(true).await?;
    println!("\nThe greeter is killed.");
    greeters.kill();
    story.until(false).await?;
    println!("\nConsul has ended.");
    drop(real);
    if let Some(readable) = readable {
        readable.stop().await;
    }
    story.look(Instant::now()).await;
    Ok(())
}

impl Story {
    /// Asks now and then, and prints the first answer and the one that is awaited.
    async fn until(&self, healthy: bool) -> anyhow::Result<()> {
        let began = Instant::now();
        if self.look(began).await == Some(healthy) {
            return Ok(());
        }
        while began.elapsed() < LONGEST {
            sleep(POLL).await;
            let now = answer::is_healthy(self.consul, &self.instance).await;
            if matches!(now, Ok(now) if now == healthy) {
                self.look(began).await;
                return Ok(());
            }
        }
        println!("  nothing has changed in {} s", LONGEST.as_secs());
        Ok(())
    }

    /// Prints what the learner's function says, and the last result of the check.
    async fn look(&self, began: Instant) -> Option<bool> {
        let healthy = answer::is_healthy(self.consul, &self.instance).await;
        let checks = ask::get(self.consul, "/v1/agent/checks").await;
        let checks = checks.map(|answer| answer.json()).unwrap_or_default();
        let id = format!("service:{}", self.instance.id);
        let output = checks[id]["Output"].as_str().unwrap_or_default().trim();
        let after = began.elapsed().as_secs_f64();
        println!(
            "is_healthy  {:11}  after {after:.1} s  {output}",
            format!("{healthy:?}")
        );
        healthy.ok()
    }
}
