//! Stage 9: the service finds the instances of another service in Consul.

use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::thread;
use std::time::{Duration, Instant};

use super::hello::SAY_HELLO;
use super::{call, explained};
use crate::consul::Agent;
use crate::grpc::{Connection, Reply, failure, text};
use crate::order::Order;
use crate::service::{Service, World};
use crate::told::{Belief, Failure};

/// A change in Consul has reached the service within this time.
const NEWS: Duration = Duration::from_millis(1500);
/// The same, when Consul was away.
const BACK: Duration = Duration::from_millis(2500);

const ALL: Belief = &(
    "registered-is-healthy",
    "Consul also lists instances whose check fails. Ask for the healthy ones only: `health/service/motto?passing`.",
);
const ASKS_ONCE: Belief = &(
    "the-list-stays-true",
    "Instances come and go. Wait for changes with a blocking query, or ask at least once a second.",
);
const NO_LIST: Belief = &(
    "a-registry-is-always-there",
    "Keep the last list. A registry that is away says nothing about the instances, and they still run.",
);
const WATCH_ENDS: Belief = &(
    "the-index-only-grows",
    "Ask again after each error, and begin without an index: a Consul that restarts counts anew.",
);
const KEEPS: Belief = &(
    "an-empty-list-is-an-error",
    "An empty list from a Consul that answers is news: no instance is healthy. Keep the old list only when Consul is away.",
);
const WRONG_CODE: Belief = &(
    "no-instance-is-an-internal-error",
    "No instance is healthy now: UNAVAILABLE tells the caller that it may try again.",
);

/// A neighbour that sends its own name to each client.
struct Motto {
    name: &'static str,
    at: SocketAddr,
}

impl Motto {
    fn start(name: &'static str) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let at = listener.local_addr()?;
        // It ends with the judge, which is a process of its own.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let _ = writeln!(&stream, "{name}");
            }
        });
        Ok(Self { name, at })
    }

    fn register(&self, agent: &Agent, service: &str, status: &str) {
        let (name, ip, port) = (self.name, self.at.ip(), self.at.port());
        let body = format!(
            r#"{{"Name": "{service}", "ID": "{service}-{name}", "Address": "{ip}", "Port": {port},
                "Check": {{"CheckID": "check-{name}", "TTL": "10m", "Status": "{status}"}}}}"#
        );
        agent.put("/v1/agent/service/register", &body);
    }
}

/// Judges stage 9.
pub fn judge(order: &Order, world: World) -> Result<(), Failure> {
    let ports = |e: std::io::Error| {
        Failure::new("The judge takes free ports", "it can", e.to_string(), None)
    };
    let [ada, bob, old] = ["Ada", "Bob", "Old"].map(Motto::start);
    let (ada, bob, old) = (
        ada.map_err(ports)?,
        bob.map_err(ports)?,
        old.map_err(ports)?,
    );
    let consul = world.consul;
    let agent = Agent::start(consul)?;
    ada.register(&agent, "motto", "passing");
    bob.register(&agent, "motto", "critical");
    old.register(&agent, "motto-old", "passing");
    let grpc = world.grpc;
    let mut service = Service::start(order, world, "GRPC_ADDR", grpc)?;
    let judged = changes(grpc, consul, agent, &ada, &bob);
    judged.map_err(|failure| explained(&mut service, failure))
}

/// Instances get well and sick, and Consul goes and comes back.
fn changes(
    grpc: SocketAddr,
    consul: SocketAddr,
    mut agent: Agent,
    ada: &Motto,
    bob: &Motto,
) -> Result<(), Failure> {
    let situation =
        "Of \"motto\", the instance Ada is healthy and Bob is critical; SayHello(name: \"motto\")";
    let first = until(grpc, NEWS, |reply| reply.greeting().is_some())?;
    let replies = [vec![first], several(grpc)?].concat();
    for reply in replies {
        if reply.greeting().as_deref() != Some("hello Ada") {
            let belief = (reply.greeting().as_deref() == Some("hello Bob")).then_some(ALL);
            return Err(told(
                situation,
                "OK, \"hello Ada\", each time",
                &reply,
                belief,
            ));
        }
    }

    let situation = "The check of Ada fails, and the check of Bob passes; SayHello(name: \"motto\") 1500 ms later";
    agent.put("/v1/agent/check/pass/check-Bob", "");
    agent.put("/v1/agent/check/fail/check-Ada", "");
    let changed = Instant::now();
    let is_bob = |reply: &Reply| reply.greeting().as_deref() == Some("hello Bob");
    // Between the two changes both are healthy: one greeting by Bob is not enough.
    let replies = loop {
        let replies = several(grpc)?;
        if replies.iter().all(is_bob) || changed.elapsed() > NEWS {
            break replies;
        }
        thread::sleep(Duration::from_millis(30));
    };
    for reply in replies {
        if reply.greeting().as_deref() != Some("hello Bob") {
            let belief = (reply.greeting().as_deref() == Some("hello Ada")).then_some(ASKS_ONCE);
            return Err(told(
                situation,
                "OK, \"hello Bob\", each time",
                &reply,
                belief,
            ));
        }
    }

    drop(agent);
    let away = Instant::now();
    while away.elapsed() < Duration::from_millis(900) {
        let reply = once(grpc)?;
        if reply.greeting().as_deref() != Some("hello Bob") {
            let situation = format!(
                "Consul has been away for {} ms; Bob still runs; SayHello(name: \"motto\")",
                away.elapsed().as_millis()
            );
            let belief = reply.greeting().is_none().then_some(NO_LIST);
            return Err(told(&situation, "OK, \"hello Bob\"", &reply, belief));
        }
        thread::sleep(Duration::from_millis(100));
    }

    agent = Agent::start(consul)?;
    ada.register(&agent, "motto", "passing");
    bob.register(&agent, "motto", "critical");
    let reply = until(grpc, BACK, |reply| {
        reply.greeting().as_deref() == Some("hello Ada")
    })?;
    if reply.greeting().as_deref() != Some("hello Ada") {
        let situation = "Consul is back for 2500 ms; now Ada is healthy and Bob is critical; SayHello(name: \"motto\")";
        let belief = (reply.greeting().as_deref() == Some("hello Bob")).then_some(WATCH_ENDS);
        return Err(told(situation, "OK, \"hello Ada\"", &reply, belief));
    }

    agent.put("/v1/agent/check/fail/check-Ada", "");
    let reply = until(grpc, NEWS, |reply| reply.status != Some(0))?;
    if reply.status != Some(14) {
        let situation = "No instance of \"motto\" is healthy; SayHello(name: \"motto\")";
        let belief = match reply.status {
            Some(0) => Some(KEEPS),
            Some(2 | 13) => Some(WRONG_CODE),
            _ => None,
        };
        return Err(told(situation, "UNAVAILABLE", &reply, belief));
    }
    Ok(())
}

fn told(situation: &str, expected: &str, reply: &Reply, belief: Option<Belief>) -> Failure {
    let call = "SayHello(name: \"motto\")";
    failure(situation, call, expected, reply, belief)
}

/// One call on a connection of its own.
fn once(grpc: SocketAddr) -> Result<Reply, Failure> {
    let mut reply = Reply::default();
    call(async {
        let connection = Connection::open(grpc).await?;
        reply = connection.call(SAY_HELLO, &text(1, "motto"), None).await;
        Ok(())
    })?;
    Ok(reply)
}

fn several(grpc: SocketAddr) -> Result<Vec<Reply>, Failure> {
    (0..6).map(|_| once(grpc)).collect()
}

/// Calls until `right` or `limit`: the last reply.
fn until(
    grpc: SocketAddr,
    limit: Duration,
    right: impl Fn(&Reply) -> bool,
) -> Result<Reply, Failure> {
    let started = Instant::now();
    loop {
        let reply = once(grpc)?;
        if right(&reply) || started.elapsed() > limit {
            return Ok(reply);
        }
        thread::sleep(Duration::from_millis(30));
    }
}
