//! Stage 14: a counter in Redis, exact for two instances and with an expiry.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rustix::process::{Signal, kill_process};

use super::hello::SAY_HELLO;
use super::{call, explained};
use crate::grpc::{Connection, Reply, failure, text};
use crate::order::Order;
use crate::redis::Redis;
use crate::service::{Service, World};
use crate::told::{Belief, Failure};

/// Calls at the same time, half of them for each instance.
const CALLS: usize = 100;
/// The time to live of the counter, in seconds.
const EXPIRY: i64 = 60;
/// A call without Redis has its status within this time.
const SOON: Duration = Duration::from_millis(1500);
/// The service counts again within this time.
const BACK: Duration = Duration::from_millis(1500);

const OWN_MEMORY: Belief = &(
    "the-counter-is-in-the-program",
    "Two instances share one counter, and it outlives both: keep it in Redis, under the key `greetings`.",
);
const READ_THEN_WRITE: Belief = &(
    "read-then-write-is-one-step",
    "Between GET and SET other callers read the same number. INCR is one step in Redis, and returns the new number.",
);
const NO_EXPIRY: Belief = &(
    "a-key-goes-by-itself",
    "A key without an expiry stays without limit. Give it 60 s when it is made: `SET greetings 0 EX 60 NX`, then `INCR`.",
);
const PROLONGS: Belief = &(
    "each-call-starts-the-time",
    "The time begins with the first greeting. A call that sets the expiry again lets the counter live as long as it is used.",
);
const WAITS: Belief = &(
    "redis-always-answers",
    "Give the connection and the reply a time limit. Without Redis the call is UNAVAILABLE, and soon.",
);
const WRONG_CODE: Belief = &(
    "a-store-that-is-away-is-an-internal-error",
    "Redis is away, and may be back soon: UNAVAILABLE tells the caller that it may try again.",
);
const STAYS_AWAY: Belief = &(
    "a-connection-is-for-ever",
    "The connection ended with the old Redis. Make a new one when a command meets an error.",
);

/// Judges stage 14.
pub fn judge(order: &Order) -> Result<(), Failure> {
    let mut worlds = World::several(2)
        .map_err(|e| Failure::new("The judge takes free ports", "it can", e.to_string(), None))?;
    let at = worlds[0].redis;
    let mut services = Vec::new();
    for mut world in worlds.drain(..) {
        world.redis = at;
        let grpc = world.grpc;
        services.push(Service::start(order, world, "GRPC_ADDR", grpc)?);
    }
    let addresses = [services[0].world.grpc, services[1].world.grpc];
    let judged = (|| {
        let redis = Redis::start(at)?;
        exact(&redis, addresses)?;
        expires(&redis, addresses[0])?;
        killed(&redis, &services[1], addresses)?;
        drop(redis);
        away(at, addresses[0])
    })();
    judged.map_err(|failure| explained(&mut services[0], failure))
}

/// A hundred calls at once get the numbers from 1 to 100.
fn exact(redis: &Redis, addresses: [SocketAddr; 2]) -> Result<(), Failure> {
    // It may still wait before it connects again.
    until_counted(addresses[0])?;
    until_counted(addresses[1])?;
    let _ = redis.ask(&["DEL", "greetings"]);
    let situation = format!("{CALLS} calls at once of SayHello(name: \"count\"), on two instances");
    let replies = at_once(&addresses, CALLS)?;
    if let Some(bad) = replies.iter().find(|reply| number(reply).is_none()) {
        return Err(told(&situation, "OK, \"hello NUMBER\"", bad, None));
    }
    let numbers: BTreeSet<usize> = replies.iter().filter_map(number).collect();
    let stored = redis.ask(&["GET", "greetings"]);
    let right = (1..=CALLS).all(|n| numbers.contains(&n));
    if right && stored.as_deref() == Some("100") {
        return Ok(());
    }
    let belief = match stored.as_deref() {
        None => Some(OWN_MEMORY),
        Some(_) if numbers.len() < CALLS => Some(READ_THEN_WRITE),
        // Counted in Redis, and another number was told.
        Some("100") => None,
        Some(_) => Some(OWN_MEMORY),
    };
    let expected = format!("each number from 1 to {CALLS} once, and `GET greetings` is {CALLS}");
    let happened = format!(
        "{} different numbers from {} to {}, and `GET greetings` is {}",
        numbers.len(),
        numbers.first().copied().unwrap_or_default(),
        numbers.last().copied().unwrap_or_default(),
        stored.unwrap_or_else(|| "nil".to_owned())
    );
    Err(Failure::new(&situation, expected, happened, belief))
}

/// The counter has an expiry from its first greeting on.
fn expires(redis: &Redis, grpc: SocketAddr) -> Result<(), Failure> {
    let ttl = || {
        redis
            .ask(&["TTL", "greetings"])
            .and_then(|text| text.parse::<i64>().ok())
    };
    let after = ttl().unwrap_or_default();
    if !(EXPIRY - 20..=EXPIRY).contains(&after) {
        let situation = "The first greetings were counted some seconds ago";
        let expected = format!("`TTL greetings` is {EXPIRY} or a little less");
        let happened = match after {
            -1 => "it is -1: the key has no expiry".to_owned(),
            seconds => format!("it is {seconds}"),
        };
        let belief = (after == -1).then_some(NO_EXPIRY);
        return Err(Failure::new(situation, expected, happened, belief));
    }
    let _ = redis.ask(&["EXPIRE", "greetings", "30"]);
    let reply = once(grpc)?;
    let after = ttl().unwrap_or_default();
    if after > 30 {
        let situation = "The counter has 30 s left; one more call of SayHello(name: \"count\")";
        let mut told = told(
            situation,
            "`TTL greetings` is 30 or less",
            &reply,
            Some(PROLONGS),
        );
        told.happened = format!("it is {after}");
        return Err(told);
    }
    Ok(())
}

/// What was answered is counted, also when its instance is killed.
fn killed(redis: &Redis, second: &Service, addresses: [SocketAddr; 2]) -> Result<(), Failure> {
    let replies = at_once(&addresses[1..], 20)?;
    let _ = kill_process(second.pid(), Signal::KILL);
    let highest = replies.iter().filter_map(number).max().unwrap_or_default();
    let stored = redis.ask(&["GET", "greetings"]);
    let stored: usize = stored
        .and_then(|text| text.parse().ok())
        .unwrap_or_default();
    let reply = once(addresses[0])?;
    if stored == highest && number(&reply) == Some(highest + 1) {
        return Ok(());
    }
    let situation =
        format!("An instance has replied up to {highest}, and is killed; the other one is called");
    let expected = format!("{highest} in Redis, and \"hello {}\"", highest + 1);
    let belief = number(&reply).map(|_| OWN_MEMORY);
    let mut told = told(&situation, &expected, &reply, belief);
    told.happened = format!("{stored} in Redis, and {}", reply.words());
    Err(told)
}

/// Without Redis a count is UNAVAILABLE, and any other name is greeted.
fn away(at: SocketAddr, grpc: SocketAddr) -> Result<(), Failure> {
    let started = Instant::now();
    let reply = once(grpc)?;
    let took = started.elapsed();
    let situation = "Redis has ended; SayHello(name: \"count\")";
    if reply.status != Some(14) || took > SOON {
        let expected = format!("UNAVAILABLE within {} ms", SOON.as_millis());
        let belief = match reply.status {
            Some(2 | 13) => Some(WRONG_CODE),
            None | Some(14) => Some(WAITS),
            Some(_) => None,
        };
        let mut told = told(situation, &expected, &reply, belief);
        told.happened = format!("{} after {} ms", reply.words(), took.as_millis());
        return Err(told);
    }
    let redis = Redis::start(at)?;
    let reply = until_counted(grpc)?;
    if number(&reply) != Some(1) {
        let situation = "Redis is back, and empty; SayHello(name: \"count\")";
        let expected = format!("\"hello 1\" within {} ms", BACK.as_millis());
        let belief = number(&reply).is_none().then_some(STAYS_AWAY);
        return Err(told(situation, &expected, &reply, belief));
    }
    drop(redis);
    Ok(())
}

/// Calls until a number comes, or for BACK: the last reply.
fn until_counted(grpc: SocketAddr) -> Result<Reply, Failure> {
    let started = Instant::now();
    loop {
        let reply = once(grpc)?;
        if number(&reply).is_some() || started.elapsed() > BACK {
            return Ok(reply);
        }
        std::thread::sleep(Duration::from_millis(30));
    }
}

fn number(reply: &Reply) -> Option<usize> {
    let greeting = reply.greeting().filter(|_| reply.status == Some(0))?;
    greeting.strip_prefix("hello ")?.parse().ok()
}

fn told(situation: &str, expected: &str, reply: &Reply, belief: Option<Belief>) -> Failure {
    let call = "SayHello(name: \"count\")";
    failure(situation, call, expected, reply, belief)
}

fn once(grpc: SocketAddr) -> Result<Reply, Failure> {
    Ok(at_once(&[grpc], 1)?.pop().unwrap_or_default())
}

/// So many calls at the same time, on one connection to each instance.
fn at_once(addresses: &[SocketAddr], count: usize) -> Result<Vec<Reply>, Failure> {
    let mut replies = Vec::new();
    call(async {
        let mut connections = Vec::new();
        for at in addresses {
            connections.push(Connection::open(*at).await?);
        }
        let mut calls = Vec::new();
        for connection in connections.iter().cycle().take(count) {
            let connection = connection.clone();
            calls.push(tokio::spawn(async move {
                connection.call(SAY_HELLO, &text(1, "count"), None).await
            }));
        }
        for one in calls {
            replies.extend(one.await);
        }
        Ok(())
    })?;
    Ok(replies)
}
