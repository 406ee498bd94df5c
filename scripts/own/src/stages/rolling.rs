//! Stage 10: instances are replaced one after the other, and no call is lost.

use std::net::SocketAddr;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Signal, kill_process};

use super::call;
use super::hello::SAY_HELLO;
use crate::consul::{Agent, Instance, within};
use crate::grpc::{Connection, Reply, text};
use crate::order::Order;
use crate::service::{Service, World};
use crate::told::{Belief, Failure, Message};

/// All instances are registered and healthy within this time.
const READY: Duration = Duration::from_millis(3500);
/// So old is the list of a caller.
const OLD: Duration = Duration::from_millis(60);
/// An instance without calls ends so soon after SIGTERM.
const ENDS: Duration = Duration::from_millis(1500);

const NO_NOTICE: Belief = &(
    "callers-learn-at-once",
    "Callers have a list that is some milliseconds old. Deregister, then serve new calls for 150 ms more, then close.",
);
const STAYS_LISTED: Belief = &(
    "the-check-removes-the-entry",
    "Deregister at SIGTERM, before the listener closes. Until the next check, Consul lists the instance as healthy.",
);
const AGAIN: Belief = &(
    "registration-goes-on",
    "At SIGTERM, first stop the task that keeps the instance registered. Else it registers what was just removed.",
);
const OTHERS: Belief = &(
    "the-name-is-the-id",
    "Deregister the id of this instance only. The other instances of the same name go on.",
);

/// Judges stage 10.
pub fn judge(order: &Order, world: World) -> Result<(), Failure> {
    let consul = world.consul;
    let agent = Agent::start(consul)?;
    let mut services = Vec::new();
    // Three that run, and two that replace two of them.
    let worlds = World::several(5)
        .map_err(|e| Failure::new("The judge takes free ports", "it can", e.to_string(), None))?;
    for mut world in worlds {
        world.consul = consul;
        let grpc = world.grpc;
        services.push(Service::start(order, world, "GRPC_ADDR", grpc)?);
    }
    let healthy = || healthy(&agent).len() == services.len();
    if within(READY, || healthy().then_some(())).is_none() {
        let situation = "Five instances run with the same CONSUL_ADDR";
        let expected = "all are registered and healthy within 3500 ms";
        let happened = format!("{} are", self::healthy(&agent).len());
        return Err(Failure::new(situation, expected, happened, None));
    }
    for service in services.iter_mut().take(2) {
        replace(&agent, service)?;
    }
    Ok(())
}

fn healthy(agent: &Agent) -> Vec<Instance> {
    let mut found = agent.instances("greeter");
    found.retain(Instance::passes);
    found
}

/// Ends one instance while a caller calls all that are listed.
fn replace(agent: &Agent, service: &mut Service) -> Result<(), Failure> {
    let port = u64::from(service.world.grpc.port());
    let situation =
        format!("Instances are replaced one by one; the one at port {port} gets SIGTERM");
    let before = healthy(agent);
    let _ = kill_process(service.pid(), Signal::TERM);
    let term = Instant::now();
    sleep(OLD);

    let now = agent.instances("greeter");
    let missing = before
        .iter()
        .find(|old| old.port != port && now.iter().all(|new| new.id != old.id));
    if let Some(other) = missing {
        let happened = format!(
            "Consul has no entry of the instance at port {} any more",
            other.port
        );
        let expected = "only its own entry is removed";
        return Err(Failure::new(&situation, expected, happened, Some(OTHERS)));
    }

    let mut list = before;
    let mut age = OLD;
    let mut gone = now.iter().all(|entry| entry.port != port);
    loop {
        // The one that leaves comes first: a call takes some milliseconds, and the list gets older.
        list.sort_by_key(|instance| instance.port != port);
        for instance in &list {
            let reply = once(instance)?;
            if reply.greeting().as_deref() == Some("hello Ali") {
                continue;
            }
            let listed = agent
                .instances("greeter")
                .iter()
                .any(|entry| entry.port == port);
            let belief = match (instance.port == port, listed, gone) {
                (false, ..) => None,
                (true, true, true) => Some(AGAIN),
                (true, true, false) => Some(STAYS_LISTED),
                (true, false, _) => Some(NO_NOTICE),
            };
            let expected = format!(
                "OK, \"hello Ali\": the caller's list of healthy instances is {} ms old",
                age.as_millis()
            );
            let mut failure = Failure::new(
                &situation,
                expected,
                format!(
                    "{} ms after SIGTERM, a call to port {}: {}{}",
                    term.elapsed().as_millis(),
                    instance.port,
                    reply.words(),
                    if listed {
                        "\nConsul still lists it"
                    } else {
                        ""
                    }
                ),
                belief,
            );
            for (by_client, text) in [
                (true, "SayHello(name: \"Ali\")".to_owned()),
                (false, reply.words()),
            ] {
                failure.messages.push(Message { by_client, text });
            }
            return Err(failure);
        }
        let ended = service.status().is_some();
        list = healthy(agent);
        let listed = list.iter().any(|instance| instance.port == port);
        if gone && listed {
            let expected = "its entry in Consul is removed, and stays away";
            let happened = "it was removed, and is there again";
            return Err(Failure::new(&situation, expected, happened, Some(AGAIN)));
        }
        gone |= !listed;
        if ended && gone {
            return Ok(());
        }
        if term.elapsed() > ENDS {
            let expected = format!("the program ends within {} ms", ENDS.as_millis());
            return Err(Failure::new(&situation, expected, "it still runs", None));
        }
        age = Duration::from_millis(20);
        sleep(age);
    }
}

/// One call on a connection of its own.
fn once(instance: &Instance) -> Result<Reply, Failure> {
    let mut reply = Reply::default();
    let at = format!("{}:{}", instance.address, instance.port);
    let Ok(at) = at.parse::<SocketAddr>() else {
        reply.trouble = Some(format!("{at:?} is no address"));
        return Ok(reply);
    };
    call(async {
        match Connection::open(at).await {
            Ok(connection) => {
                reply = connection.call(SAY_HELLO, &text(1, "Ali"), None).await;
            }
            Err(failure) => reply.trouble = Some(failure.happened),
        }
        Ok(())
    })?;
    Ok(reply)
}
