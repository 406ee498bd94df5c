//! Stage 8: the service registers in Consul, and stays registered.

use std::time::Duration;

use rustix::process::{Signal, kill_process_group};

use crate::consul::{Agent, Instance, within};
use crate::order::Order;
use crate::service::{Service, World};
use crate::told::{Belief, Failure};

/// The name of the service.
const NAME: &str = "greeter";
/// A service is registered so soon after Consul answers.
const SOON: Duration = Duration::from_millis(2000);
/// A check has its first result so soon after the registration, and the next one so soon after that.
const CHECKED: Duration = Duration::from_millis(3000);

const NEEDS_CONSUL: Belief = &(
    "no-start-without-consul",
    "Start and serve without Consul, and register in the background: a registry that is away must not stop the service.",
);
const TRIES_ONCE: Belief = &(
    "one-attempt-is-enough",
    "Consul may start after the service. Try again until the registration has succeeded.",
);
const ADDRESS: Belief = &(
    "consul-knows-the-address",
    "Register the address and the port at which callers reach GRPC_ADDR. Consul passes on what the service says.",
);
const NO_CHECK: Belief = &(
    "registered-is-healthy",
    "Register a check with the service. Without one, Consul calls a dead instance healthy.",
);
const OTHER_CHECK: Belief = &(
    "an-open-port-is-healthy",
    "Use a gRPC check. An open port says only that the system accepts connections, also for a program that hangs.",
);
const SELDOM: Belief = &(
    "a-check-may-be-rare",
    "Choose an `Interval` of 1 s. Until the next check, callers get the address of the dead instance.",
);
const SAME_ID: Belief = &(
    "the-name-is-the-id",
    "Each instance needs an id of its own, for example with its port. A registration with the same id replaces the other.",
);
const NEW_IDS: Belief = &(
    "a-new-id-each-time",
    "Keep the id of an instance. With a new id in each attempt, Consul lists the same address several times.",
);
const ONCE_ONLY: Belief = &(
    "consul-never-forgets",
    "A Consul that restarts may have lost all. Ask it regularly whether the instance is known, and register it again.",
);

/// Judges stage 8.
pub fn judge(order: &Order, world: World) -> Result<(), Failure> {
    let consul = world.consul;
    let grpc = world.grpc;
    let first = Service::start(order, world, "GRPC_ADDR", grpc).map_err(|mut failure| {
        failure.situation = format!(
            "{}; nothing listens at CONSUL_ADDR={consul} yet",
            failure.situation
        );
        failure.belief = failure.belief.map(|_| NEEDS_CONSUL);
        if failure.happened.starts_with("it ended") {
            failure.belief = Some(NEEDS_CONSUL);
        }
        failure
    })?;
    // An attempt or two fail before Consul is there.
    std::thread::sleep(Duration::from_millis(400));
    let mut agent = Agent::start(consul)?;
    let mut services = vec![first];
    let start = |services: &mut Vec<Service>| -> Result<(), Failure> {
        let mut world = World::new().map_err(|e| {
            Failure::new("The judge takes free ports", "it can", e.to_string(), None)
        })?;
        world.consul = consul;
        let grpc = world.grpc;
        services.push(Service::start(order, world, "GRPC_ADDR", grpc)?);
        Ok(())
    };

    let situation = "The service runs; 400 ms later Consul starts";
    let some = within(SOON, || agent.instances(NAME).pop());
    let Some(instance) = some else {
        // One that starts now finds Consul at once: is it registered?
        start(&mut services)?;
        let late = within(SOON, || agent.instances(NAME).pop()).map(|_| TRIES_ONCE);
        let expected = "an instance of \"greeter\" is registered within 2 s";
        return Err(Failure::new(
            situation,
            expected,
            "none is registered",
            late,
        ));
    };
    reachable(&instance, &services[0])?;
    checked(&agent, &services[0])?;

    for _ in 0..2 {
        start(&mut services)?;
    }
    three(&agent, &services)?;
    dead(&agent, &services)?;

    drop(agent);
    agent = Agent::start(consul)?;
    let living = &services[..2];
    let all = || living.iter().all(|service| of(&agent, service).len() == 1);
    if within(SOON, || all().then_some(())).is_none() {
        let situation = "Consul restarts and has forgotten all registrations; two instances run";
        let expected = "both are registered again within 2 s";
        let found = agent.instances(NAME);
        let belief = found.is_empty().then_some(ONCE_ONLY);
        return Err(Failure::new(situation, expected, list(&found), belief));
    }
    Ok(())
}

/// The entries with the port of `service`.
fn of(agent: &Agent, service: &Service) -> Vec<Instance> {
    let port = u64::from(service.world.grpc.port());
    let mut found = agent.instances(NAME);
    found.retain(|instance| instance.port == port);
    found
}

fn list(found: &[Instance]) -> String {
    if found.is_empty() {
        return "no instance of \"greeter\" is registered".into();
    }
    let lines: Vec<String> = found.iter().map(Instance::words).collect();
    lines.join("\n")
}

fn reachable(instance: &Instance, service: &Service) -> Result<(), Failure> {
    let at = service.world.grpc;
    if instance.address == at.ip().to_string() && instance.port == u64::from(at.port()) {
        return Ok(());
    }
    let situation = format!("The service with GRPC_ADDR={at} is registered");
    let expected = format!("address {:?}, port {}", at.ip().to_string(), at.port());
    let happened = instance.words();
    Err(Failure::new(&situation, expected, happened, Some(ADDRESS)))
}

/// Its check is one of gRPC, and passes.
fn checked(agent: &Agent, service: &Service) -> Result<(), Failure> {
    let situation = "The service is registered, and Consul checks it";
    let checks = || {
        let instance = of(agent, service).pop();
        instance.map(|instance| instance.checks).unwrap_or_default()
    };
    // The registration and its check can be two requests.
    if within(Duration::from_millis(500), || {
        (!checks().is_empty()).then_some(())
    })
    .is_none()
    {
        let expected = "the registration has a gRPC check";
        return Err(Failure::new(
            situation,
            expected,
            "it has no check",
            Some(NO_CHECK),
        ));
    }
    let done = |(status, output): &(String, String)| {
        status == "passing" && output.to_lowercase().contains("grpc")
    };
    if within(CHECKED, || checks().iter().any(done).then_some(())).is_some() {
        return Ok(());
    }
    let checks = checks();
    let words: Vec<String> = checks
        .iter()
        .map(|(status, output)| format!("status {status:?}, output {output:?}"))
        .collect();
    let grpc = checks
        .iter()
        .any(|(_, output)| output.to_lowercase().contains("grpc"));
    let unknown = checks.iter().all(|(_, output)| output.is_empty());
    let belief = match (grpc, unknown) {
        (false, false) => Some(OTHER_CHECK),
        (false, true) => Some(SELDOM),
        _ => None,
    };
    let expected = "within 3 s a gRPC check has the status passing";
    Err(Failure::new(situation, expected, words.join("\n"), belief))
}

fn three(agent: &Agent, services: &[Service]) -> Result<(), Failure> {
    let complete = || {
        let found = agent.instances(NAME);
        let each = services.iter().all(|service| of(agent, service).len() == 1);
        (each && found.len() == services.len()).then_some(())
    };
    if within(SOON, complete).is_some() {
        // A further attempt must not add entries.
        std::thread::sleep(Duration::from_millis(700));
        if complete().is_some() {
            return Ok(());
        }
    }
    let situation = "Three instances run on one machine, at three ports";
    let found = agent.instances(NAME);
    let ports: std::collections::BTreeSet<u64> =
        found.iter().map(|instance| instance.port).collect();
    let belief = match found.len() {
        1 => Some(SAME_ID),
        n if n > ports.len() => Some(NEW_IDS),
        _ => None,
    };
    let expected =
        "three entries within 2 s and no more later, each with an id and a port of its own";
    Err(Failure::new(situation, expected, list(&found), belief))
}

/// The last of the instances dies, and its check sees it.
fn dead(agent: &Agent, services: &[Service]) -> Result<(), Failure> {
    let Some(service) = services.last() else {
        return Ok(());
    };
    let passes = || of(agent, service).iter().all(Instance::passes);
    if within(CHECKED, || passes().then_some(())).is_none() {
        let situation = "Three instances run, and Consul checks them";
        let expected = "within 3 s the check of each has the status passing";
        let found = of(agent, service);
        let checks = || found.iter().flat_map(|instance| &instance.checks);
        let words: Vec<String> = checks()
            .map(|(status, output)| format!("status {status:?}, output {output:?}"))
            .collect();
        let happened = format!("the last one: {}", words.join("\n"));
        let unknown = checks().all(|(_, output)| output.is_empty());
        return Err(Failure::new(
            situation,
            expected,
            happened,
            unknown.then_some(SELDOM),
        ));
    }
    let _ = kill_process_group(service.pid(), Signal::KILL);
    if within(CHECKED, || (!passes()).then_some(())).is_some() {
        return Ok(());
    }
    let situation = "One of three instances is killed by SIGKILL";
    let expected = "within 3 s its check has the status critical";
    let happened = "the status is still passing";
    Err(Failure::new(situation, expected, happened, Some(SELDOM)))
}
