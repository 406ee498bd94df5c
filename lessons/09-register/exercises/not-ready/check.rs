//! The check of `not-ready`. The agent is real, its time is moved by hand, and after each step it
//! reads what callers would get.

mod exercise;
mod given;

use std::cell::{Cell, RefCell};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use exercise::{Check, Entry, Instance, NotReady, Registry, replace};
use l08_consul::agent::{Agent, Config};
use l08_consul::clock::Clock;
use serde_json::{Value, json};
use services::testkit::{Case, case};
use tokio::runtime::Runtime;

/// More seconds than any scene needs: a wait of this length has no end.
const ENDLESS: u32 = 300;

/// The agent of lesson 08 with a service in it, and the machine on which its instances run.
struct World<'c> {
    case: &'c Case,
    runtime: Runtime,
    agent: Agent,
    addr: SocketAddr,
    /// The port of the new instance, and when it opens: so many seconds after the start.
    place: SocketAddr,
    opens: Option<u32>,
    open: RefCell<Option<TcpListener>>,
    _old: TcpListener,
    seconds: Cell<u32>,
    /// How often the answer has waited.
    waits: Cell<u32>,
    /// How often the answer has looked at the entries.
    looks: Cell<u32>,
}

impl<'c> World<'c> {
    fn new(case: &'c Case, opens: Option<u32>) -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let config = Config {
            clock: Clock::manual(),
            ..Config::default()
        };
        let agent = runtime.block_on(Agent::start(config)).expect("an agent");
        let old = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let world = World {
            case,
            addr: agent.address(),
            agent,
            runtime,
            place: free_port(),
            opens,
            open: RefCell::new(None),
            seconds: Cell::new(0),
            waits: Cell::new(0),
            looks: Cell::new(0),
            _old: old,
        };
        let old_place = world._old.local_addr().expect("an address");
        world.register_at("web-1", old_place, &[(old_place.to_string(), None)]);
        let clock = world.agent.clock();
        world
            .runtime
            .block_on(clock.advance(Duration::from_secs(11)));
        assert_eq!(world.found(), ["web-1"], "the old one is well");
        world
    }

    fn instance(&self, checks: usize) -> Instance {
        let check = Check {
            tcp: self.place.to_string(),
            status: None,
        };
        Instance {
            name: "web".to_string(),
            id: "web-2".to_string(),
            checks: vec![check; checks],
        }
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> Value {
        let mut stream = TcpStream::connect(self.addr).expect("our own agent");
        let length = body.len();
        let request =
            format!("{method} /v1/{path} HTTP/1.0\r\nContent-Length: {length}\r\n\r\n{body}");
        stream.write_all(request.as_bytes()).expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        let (_, body) = answer.split_once("\r\n\r\n").expect("HTTP");
        serde_json::from_str(body).unwrap_or(Value::Null)
    }

    fn register_at(&self, id: &str, at: SocketAddr, checks: &[(String, Option<String>)]) {
        // The intervals differ, so that the checks do not pass at the same moment.
        let checks: Vec<Value> = (checks.iter().zip(["10s", "16s"]))
            .map(|((tcp, status), interval)| {
                let mut check = json!({"TCP": tcp, "Interval": interval, "Timeout": "1s"});
                if let Some(status) = status {
                    check["Status"] = json!(status);
                }
                check
            })
            .collect();
        let definition = json!({
            "ID": id, "Name": "web", "Address": "127.0.0.1", "Port": at.port(), "Checks": checks,
        });
        let path = "agent/service/register";
        self.ask("PUT", path, &definition.to_string());
    }

    /// The ids that callers get.
    fn found(&self) -> Vec<String> {
        let found = self.ask("GET", "health/service/web?passing", "");
        let id = |entry: &Value| entry["Service"]["ID"].as_str().unwrap_or("").to_string();
        found.as_array().into_iter().flatten().map(id).collect()
    }

    /// Fails unless callers get at least one instance, and each accepts connections.
    fn look(&self, after: &str) {
        let found = self.found();
        let when = format!("{after}, second {}", self.seconds.get());
        if found.is_empty() {
            let listed: Vec<String> = (self.listed("web").iter())
                .map(|entry| format!("{} {}", entry.id, entry.states.join(" and ")))
                .collect();
            let report = self
                .case
                .report()
                .detail("when", when)
                .detail("listed", listed.join(", "))
                .detail("callers get", "an empty list")
                .advice(match self.looks.get() {
                    1.. if !self.listed("web").iter().any(|entry| entry.id == "web-2") => {
                        "web-1 is deregistered, and so is web-2: one of the two has to stay."
                    }
                    1.. if !self.replaces_at_once() => {
                        "web-1 is deregistered, and web-2 is critical: look at the states of web-2 alone."
                    }
                    0 => {
                        "web-1 is deregistered, and the answer has not looked at the entries: a new check starts \
                         critical, until Consul's first attempt."
                    }
                    _ => {
                        "web-2 is listed, not passing: callers get an instance when all of its checks \
                         pass."
                    }
                });
            self.case.fail(report);
        }
        let closed = self.open.borrow().is_none();
        if closed && found.iter().any(|id| id == "web-2") {
            let report = self
                .case
                .report()
                .detail("when", when)
                .detail("callers get", found.join(", "))
                .detail("they dial", format!("{}: connection refused", self.place))
                .advice(
                    "The check of web-2 is passing, and Consul has made no attempt: the status came with the \
                     registration.",
                );
            self.case.fail(report);
        }
    }

    fn advance(&self, seconds: u32) {
        for _ in 0..seconds {
            self.seconds.set(self.seconds.get() + 1);
            if self.opens == Some(self.seconds.get()) {
                let listener = TcpListener::bind(self.place).expect("its own port");
                self.open.replace(Some(listener));
            }
            let clock = self.agent.clock();
            self.runtime.block_on(clock.advance(Duration::from_secs(1)));
        }
    }
}

/// A port on which no program listens. From below those that the system gives to connections: it has to be
/// free still when it is opened.
fn free_port() -> SocketAddr {
    let from = 20_000 + u16::try_from(std::process::id() % 10_000).expect("less than 10,000");
    (from..)
        .map(|port| SocketAddr::from(([127, 0, 0, 1], port)))
        .find(|addr| TcpListener::bind(addr).is_ok())
        .expect("a free port")
}

impl Registry for World<'_> {
    fn register(&self, instance: &Instance) {
        let checks: Vec<(String, Option<String>)> = (instance.checks.iter())
            .map(|check| (check.tcp.clone(), check.status.clone()))
            .collect();
        self.register_at(&instance.id, self.place, &checks);
        self.look("after `register`");
    }

    fn deregister(&self, id: &str) {
        self.ask("PUT", &format!("agent/service/deregister/{id}"), "");
        self.look(&format!("after `deregister` of {id}"));
    }

    fn entries(&self, name: &str) -> Vec<Entry> {
        self.looks.set(self.looks.get() + 1);
        self.listed(name)
    }

    fn wait(&self) {
        self.waits.set(self.waits.get() + 1);
        self.advance(1);
        if self.seconds.get() > ENDLESS {
            let advice = "`seconds` is over, and the instance has not opened its port. A limit of the waits ends \
                          the deployment with an error.";
            self.case
                .differ("NotReady", "still waiting after 300 s", advice);
        }
        self.look("after `wait`");
    }
}

/// A registry where the new instance is passing from the beginning, and the old one is not.
struct Passing<'c>(&'c Case, Cell<u32>);

impl Registry for Passing<'_> {
    fn register(&self, _: &Instance) {}
    fn deregister(&self, _: &str) {}

    fn entries(&self, _: &str) -> Vec<Entry> {
        let entry = |(id, state): (&str, &str)| Entry {
            id: id.to_string(),
            states: vec![state.to_string()],
        };
        [("web-1", "critical"), ("web-2", "passing")]
            .map(entry)
            .into()
    }

    fn wait(&self) {
        self.1.set(self.1.get() + 1);
        if self.1.get() > ENDLESS {
            let advice = "web-2 is passing all the time, and `replace` has not returned.";
            self.0.differ("Ok", "still waiting after 300 s", advice);
        }
    }
}

impl World<'_> {
    /// Whether the answer takes an instance that is passing, whatever becomes of the old one.
    fn replaces_at_once(&self) -> bool {
        let passing = Passing(self.case, Cell::new(0));
        replace(&passing, "web-1", &self.instance(1), 3).is_ok()
    }

    fn listed(&self, name: &str) -> Vec<Entry> {
        let found = self.ask("GET", &format!("health/service/{name}"), "");
        let text = |value: &Value| value.as_str().unwrap_or("").to_string();
        (found.as_array().into_iter().flatten())
            .map(|entry| Entry {
                id: text(&entry["Service"]["ID"]),
                states: (entry["Checks"].as_array().into_iter().flatten())
                    .filter(|check| check["ServiceID"] != "")
                    .map(|check| text(&check["Status"]))
                    .collect(),
            })
            .collect()
    }
}

// The belief of this exercise. `register` has answered 200, and no caller finds the service.
#[test]
fn a_one_is_always_found() {
    case("web-2 has started and replaces web-1", |case| {
        let world = World::new(case, Some(1));
        let done = replace(&world, "web-1", &world.instance(1), 60);
        if done.is_err() {
            let advice = "web-2 was passing after a few seconds, and `seconds` is 60.";
            case.differ("Ok", "NotReady", advice);
        }
        if world.found() != ["web-2"] {
            let advice =
                "`replace` has returned `Ok`: callers get web-2, and web-1 is deregistered.";
            case.differ("callers get web-2", world.found().join(", "), advice);
        }
    });
}

#[test]
fn b_every_check_has_to_pass() {
    case(
        "web-2 opens its port after 13 s, and has two checks",
        |case| {
            let world = World::new(case, Some(13));
            let done = replace(&world, "web-1", &world.instance(2), 60);
            if done.is_err() || world.found() != ["web-2"] {
                let advice = "web-2 was passing in the end, within the 60 s.";
                let answer = format!("{done:?}, and callers get {}", world.found().join(", "));
                case.differ("Ok, and callers get web-2", answer, advice);
            }
        },
    );
}

#[test]
fn c_what_never_gets_ready_leaves_no_trace() {
    case("web-2 never opens its port", |case| {
        let world = World::new(case, None);
        let done = replace(&world, "web-1", &world.instance(1), 30);
        if done != Err(NotReady) {
            case.differ("NotReady", format!("{done:?}"), "web-2 was never passing.");
        }
        let waits = world.waits.get();
        if waits != 30 {
            let advice = "Each `wait` waits for one second, and `seconds` is 30.";
            case.differ("30 waits", format!("{waits} waits"), advice);
        }
        let listed: Vec<String> = (world.entries("web").into_iter())
            .map(|entry| entry.id)
            .collect();
        if listed != ["web-1"] {
            let advice =
                "The list has to be as before. The next deployment finds the entry that stays.";
            case.differ(
                "listed: web-1",
                format!("listed: {}", listed.join(", ")),
                advice,
            );
        }
    });
}
