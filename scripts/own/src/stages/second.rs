//! Stage 12: the same service in a second registry, which is chosen when it starts.

use std::time::{Duration, Instant};

use rustix::process::{Signal, kill_process};
use serde_json::Value;

use super::hello::SAY_HELLO;
use super::{call, explained};
use crate::consul::{Agent, within};
use crate::etcd::{Etcd, Key};
use crate::grpc::{Connection, Reply, text};
use crate::order::Order;
use crate::service::{Service, World};
use crate::told::{Belief, Failure};

/// Registered within this time after etcd answers, also again.
const REGISTERED: Duration = Duration::from_millis(2500);
/// The longest time to live of a lease, in seconds.
const LONGEST: i64 = 3;
/// The key of a killed instance is gone within this time.
const GONE: Duration = Duration::from_secs(5);
/// A service that leaves is not listed after this time.
const LEFT: Duration = Duration::from_millis(500);

const FLAG: Belief = &(
    "the-registry-is-in-the-code",
    "REGISTRY chooses the registry: with `etcd` the service registers there, and not in Consul.",
);
const ID: Belief = &(
    "the-name-is-the-key",
    "A key has one value: the second instance replaces the first. Put an id of the instance into the key.",
);
const NO_LEASE: Belief = &(
    "a-key-ends-with-its-program",
    "A key without a lease stays after a crash. Grant a lease first, and put the key with it.",
);
const LONG: Belief = &(
    "a-long-lease-is-safe",
    "A killed instance stays listed until its lease is over. 2 or 3 s are enough, if the service renews it in time.",
);
const RENEW: Belief = &(
    "granted-is-for-ever",
    "Renew the lease about three times within its time to live (`/v3/lease/keepalive`).",
);
const AGAIN: Belief = &(
    "registered-is-for-ever",
    "When the lease is unknown, its key is gone as well: grant a new lease, and put the key again.",
);
const REVOKE: Belief = &(
    "the-lease-ends-soon-enough",
    "At SIGTERM, revoke the lease first. Else callers get the address until the lease is over.",
);

/// Judges stage 12.
pub fn judge(order: &Order) -> Result<(), Failure> {
    let worlds = World::several(2)
        .map_err(|e| Failure::new("The judge takes free ports", "it can", e.to_string(), None))?;
    let [mut world, mut second] =
        <[World; 2]>::try_from(worlds).unwrap_or_else(|_| unreachable!("two"));
    world.registry = "etcd";
    let etcd_addr = world.etcd;
    let consul = Agent::start(world.consul)?;
    (second.registry, second.etcd, second.consul) = ("etcd", world.etcd, world.consul);
    let (one, two) = (world.grpc, second.grpc);
    let mut first = Service::start(order, world, "GRPC_ADDR", one)?;
    let killed = Service::start(order, second, "GRPC_ADDR", two)?;
    let judged = (|| {
        serves(&first)?;
        let etcd = Etcd::start(etcd_addr)?;
        both(&etcd, &consul, &first, &killed)?;
        let _ = kill_process(killed.pid(), Signal::KILL);
        one_is_left(&etcd, &first, &killed)?;
        drop(etcd);
        let etcd = Etcd::start(etcd_addr)?;
        if within(REGISTERED, || of(&etcd, &first)).is_none() {
            let situation = "etcd restarts with an empty memory";
            let expected = format!(
                "its key is there again within {} ms",
                REGISTERED.as_millis()
            );
            return Err(told(situation, &expected, &etcd, Some(AGAIN)));
        }
        let _ = kill_process(first.pid(), Signal::TERM);
        let gone = || of(&etcd, &first).is_none().then_some(());
        within(LEFT, gone).ok_or_else(|| {
            let expected = format!(
                "its key is gone {} ms after SIGTERM at most",
                LEFT.as_millis()
            );
            told("The service gets SIGTERM", &expected, &etcd, Some(REVOKE))
        })
    })();
    judged.map_err(|failure| {
        if failure.situation.contains("SIGTERM") {
            failure
        } else {
            explained(&mut first, failure)
        }
    })
}

/// Without etcd the service greets.
fn serves(service: &Service) -> Result<(), Failure> {
    let mut reply = Reply::default();
    call(async {
        let connection = Connection::open(service.world.grpc).await?;
        reply = connection.call(SAY_HELLO, &text(1, "Ali"), None).await;
        Ok(())
    })?;
    if reply.greeting().as_deref() == Some("hello Ali") {
        return Ok(());
    }
    let situation = "REGISTRY=etcd, and nothing answers at ETCD_ADDR; SayHello(name: \"Ali\")";
    Err(Failure::new(
        situation,
        "OK, \"hello Ali\"",
        reply.words(),
        None,
    ))
}

/// Both instances are registered, each with a lease.
fn both(etcd: &Etcd, consul: &Agent, one: &Service, two: &Service) -> Result<(), Failure> {
    let situation = "Two instances run with REGISTRY=etcd, and etcd answers";
    // Both in one list: where they share a key, each of them is there for a moment.
    let ready = within(REGISTERED, || {
        let keys = keys(etcd);
        Some((of_these(&keys, one)?, of_these(&keys, two)?))
    });
    let in_consul = consul.instances("greeter");
    let Some((one, two)) = ready else {
        let belief = if !in_consul.is_empty() {
            Some(FLAG)
        } else {
            (keys(etcd).len() == 1).then_some(ID)
        };
        let expected = format!(
            "two keys /services/greeter/ID within {} ms, each with the address and the port of an instance",
            REGISTERED.as_millis()
        );
        let mut told = told(situation, &expected, etcd, belief);
        if !in_consul.is_empty() {
            told.happened = format!("{}; in Consul: {}", told.happened, in_consul[0].words());
        }
        return Err(told);
    };
    for key in [one, two] {
        if key.lease == 0 {
            let expected = "each key has a lease";
            return Err(told(situation, expected, etcd, Some(NO_LEASE)));
        }
        let granted = etcd.granted(key.lease).unwrap_or_default();
        if granted > LONGEST {
            let expected = format!("a lease of {LONGEST} s at most");
            let happened = format!("the lease of {:?} has {granted} s", key.key);
            return Err(Failure::new(situation, expected, happened, Some(LONG)));
        }
    }
    if !in_consul.is_empty() {
        let expected = "no entry in Consul";
        let happened = format!("Consul has an entry: {}", in_consul[0].words());
        return Err(Failure::new(situation, expected, happened, Some(FLAG)));
    }
    Ok(())
}

/// The key of the killed instance goes, and the other one stays.
fn one_is_left(etcd: &Etcd, lives: &Service, killed: &Service) -> Result<(), Failure> {
    let situation = "One of the two instances is killed, the other one lives";
    let since = Instant::now();
    loop {
        if of(etcd, lives).is_none() {
            let expected = "the key of the instance that lives stays";
            let mut told = told(situation, expected, etcd, Some(RENEW));
            let after = since.elapsed().as_millis();
            told.happened = format!("it is gone after {after} ms; {}", told.happened);
            return Err(told);
        }
        // Longer than a lease: the one that lives has renewed its own.
        let renewed = since.elapsed() > Duration::from_secs(LONGEST.unsigned_abs());
        if renewed && of(etcd, killed).is_none() {
            return Ok(());
        }
        if since.elapsed() > GONE {
            let expected = format!(
                "the key of the killed one is gone within {} s",
                GONE.as_secs()
            );
            return Err(told(situation, &expected, etcd, Some(LONG)));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn keys(etcd: &Etcd) -> Vec<Key> {
    let mut keys = etcd.keys().unwrap_or_default();
    keys.retain(|key| key.key.starts_with("/services/greeter"));
    keys
}

/// The key whose value is the address of this instance.
fn of(etcd: &Etcd, service: &Service) -> Option<Key> {
    of_these(&keys(etcd), service)
}

fn of_these(keys: &[Key], service: &Service) -> Option<Key> {
    let at = service.world.grpc;
    let own = keys.iter().find(|key| {
        let value: Value = serde_json::from_str(&key.value).unwrap_or_default();
        let id = key.key.strip_prefix("/services/greeter/");
        id.is_some_and(|id| !id.is_empty())
            && value["address"] == at.ip().to_string()
            && value["port"] == at.port()
    });
    own.cloned()
}

fn told(situation: &str, expected: &str, etcd: &Etcd, belief: Option<Belief>) -> Failure {
    let keys: Vec<String> = keys(etcd)
        .iter()
        .map(|key| format!("{} = {}", key.key, key.value))
        .collect();
    let happened = match keys.is_empty() {
        true => "etcd has no key below /services/greeter".to_owned(),
        false => format!("etcd has {}", keys.join("\n         ")),
    };
    Failure::new(situation, expected, happened, belief)
}
