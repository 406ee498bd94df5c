//! The reverse proxy: the real Envoy and its control plane. `-- proxy` runs both, and prints what changes.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use anyhow::Context;
use l17_production::bootstrap::bootstrap;
use l17_production::plane::ControlPlane;
use l17_production::resources::{Instances, Plan};
use stage::commands::Given;
use stage::signal::{on_signal, tell};
use testkit::envoy::Envoy;

/// Starts an Envoy for this control plane. It returns when Envoy accepts requests.
pub async fn envoy(plane: &ControlPlane) -> anyhow::Result<Envoy> {
    let bootstrap = bootstrap(plane.addr()).to_string();
    let started = tokio::task::spawn_blocking(move || Envoy::start(&bootstrap));
    Ok(started.await??)
}

/// `v1=9,v2=1` as weights.
pub fn weights(text: &str) -> anyhow::Result<BTreeMap<String, u32>> {
    let weight = |part: &str| {
        let (version, weight) = part.split_once('=')?;
        Some((version.to_owned(), weight.parse().ok()?))
    };
    let parts: Option<_> = text.split(',').map(weight).collect();
    parts.with_context(|| format!("--weights {text}: weights look like v1=9,v2=1"))
}

/// The instances in one line.
pub fn words(instances: &Instances) -> String {
    let version = |(version, addrs): (&String, &std::collections::BTreeSet<SocketAddr>)| {
        let addrs: Vec<String> = addrs.iter().map(ToString::to_string).collect();
        match addrs.is_empty() {
            true => format!("{version}: none"),
            false => format!("{version}: {}", addrs.join(", ")),
        }
    };
    let all: Vec<String> = instances.iter().map(version).collect();
    match all.is_empty() {
        true => "no instance".to_owned(),
        false => all.join("; "),
    }
}

/// `-- proxy`.
pub async fn run(given: &Given) -> anyhow::Result<()> {
    let mut stop = on_signal(given.has("until-stdin-ends"))?;
    let listen: SocketAddr = given.address("listen")?;
    let plan = Plan {
        listen,
        weights: weights(&given.value::<String>("weights")?)?,
        port: None,
    };
    let name = given.value::<String>("name")?;
    let plane = ControlPlane::start(given.address("consul")?, &name, plan).await?;
    let envoy = envoy(&plane).await?;
    tell(&format!("listening on {listen}"));
    tell(&format!("Envoy's own page: http://{}/", envoy.admin()));
    let mut instances = plane.instances();
    loop {
        tell(&words(&instances.borrow_and_update().clone()));
        tokio::select! {
            Ok(()) = instances.changed() => {}
            _ = stop.wait_for(|stop| *stop) => return Ok(()),
        }
    }
}
