//! The check of `registration`: the readable agent and HTTP servers, all in this process. The agent's clock is
//! moved by the check, so that the seconds between two health checks take no time.

mod exercise;
mod given;

use std::fmt::Debug;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use std::time::Duration;

use exercise::{ConsulError, Instance, is_healthy, register};
use l08_consul::agent::{Agent, Config};
use l08_consul::ask::{get, put};
use l08_consul::clock::Clock;
use serde_json::Value;
use testkit::{Case, case};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::timeout;

/// How long one of the two functions may take; it takes milliseconds.
const LIMIT: Duration = Duration::from_secs(3);
/// The interval that the text names.
const INTERVAL: Duration = Duration::from_secs(5);

/// An HTTP server with a status for `/health`.
struct Server {
    addr: SocketAddr,
    status: Arc<AtomicU16>,
    /// How often `/health` was asked for.
    asked: Arc<AtomicUsize>,
}

impl Server {
    async fn start(status: u16) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let server = Server {
            addr: listener.local_addr().expect("an address"),
            status: Arc::new(AtomicU16::new(status)),
            asked: Arc::default(),
        };
        let (status, asked) = (server.status.clone(), server.asked.clone());
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = [0; 1024];
                let count = stream.read(&mut request).await.unwrap_or(0);
                let status = if request[..count].starts_with(b"GET /health ") {
                    asked.fetch_add(1, Ordering::SeqCst);
                    status.load(Ordering::SeqCst)
                } else {
                    404
                };
                let answer = format!("HTTP/1.1 {status} \r\nContent-Length: 0\r\n\r\n");
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        server
    }

    fn answers(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }
}

/// One situation: an agent, and what the verdict shows.
struct World<'c> {
    case: &'c Case,
    agent: Agent,
    clock: Clock,
}

impl World<'_> {
    async fn register(&self, instance: &Instance) -> Result<(), ConsulError> {
        self.within("register", register(self.agent.address(), instance))
            .await
    }

    /// Registers, and fails unless that is a success.
    async fn registered(&self, instance: &Instance) {
        let outcome = self.register(instance).await;
        if outcome.is_err() {
            let advice = "Consul should accept this registration. `Refused` carries its own words.";
            self.differ("`register` returns Ok(())", &outcome, advice)
                .await;
        }
    }

    async fn within<T>(&self, what: &str, future: impl Future<Output = T>) -> T {
        match timeout(LIMIT, future).await {
            Ok(outcome) => outcome,
            Err(_) => {
                let report = self.case.report();
                let report =
                    report.detail("expected", format!("`{what}` returns within milliseconds"));
                let happened = format!("`{what}` has not returned after {} s", LIMIT.as_secs());
                let report = report.detail("what happened", happened);
                self.case.fail(report.advice("What does it wait for?"))
            }
        }
    }

    /// Fails unless `is_healthy` returns this. The advice is for the states that Consul knows.
    async fn expect(&self, instance: &Instance, healthy: bool, advice: impl Fn(&Listed) -> String) {
        let outcome = is_healthy(self.agent.address(), instance);
        let outcome = self.within("is_healthy", outcome).await;
        if !matches!(outcome, Ok(value) if value == healthy) {
            let mut listed = self.listed(&instance.id).await;
            let mut words = None;
            if !listed.registered {
                listed = self.listed(&instance.name).await;
                words = (healthy && listed.registered).then(|| UNDER_ITS_NAME.to_string());
            }
            if matches!(outcome, Ok(false)) && listed.registered && listed.passing() {
                words.get_or_insert_with(|| PASSING.to_string());
            }
            let unknown = Instance {
                name: "no-such-name".to_string(),
                ..instance.clone()
            };
            if outcome.is_err() {
                words.get_or_insert_with(|| {
                    "The agent answers the query for healthy instances with 200.".to_string()
                });
            } else if !healthy
                && matches!(is_healthy(self.agent.address(), &unknown).await, Ok(true))
            {
                words = Some(
                    "Your code returns `true` for a name that Consul does not know, too."
                        .to_string(),
                );
            }
            let expected = format!("`is_healthy` of {} returns Ok({healthy})", instance.id);
            self.differ(
                &expected,
                &outcome,
                &words.unwrap_or_else(|| advice(&listed)),
            )
            .await;
        }
    }

    /// What Consul knows about one id.
    async fn listed(&self, id: &str) -> Listed {
        let services = self.get("/v1/agent/services").await;
        let checks = self.get("/v1/agent/checks").await;
        let checks = checks.as_object().into_iter().flatten();
        let checks = checks.filter(|(_, check)| check["ServiceID"] == id);
        Listed {
            registered: services.get(id).is_some(),
            checks: checks.map(|(_, check)| check.clone()).collect(),
        }
    }

    async fn get(&self, path: &str) -> Value {
        let answer = get(self.agent.address(), path).await;
        answer.map_or(Value::Null, |answer| answer.json())
    }

    /// All instances and checks that the agent knows, in words.
    async fn known(&self) -> String {
        let services = self.get("/v1/agent/services").await;
        let mut words = Vec::new();
        for (id, service) in services.as_object().into_iter().flatten() {
            let address = service["Address"].as_str().unwrap_or_default();
            let states = self.listed(id).await.states();
            words.push(format!("{id} at {address}:{}, {states}", service["Port"]));
        }
        match words.is_empty() {
            true => "nothing".to_string(),
            false => words.join("; "),
        }
    }

    async fn differ(&self, expected: &str, outcome: &(impl Debug + Sync), advice: &str) -> ! {
        let report = self.case.report();
        let report = report.detail("registered in Consul", self.known().await);
        let report = report.detail("expected", expected);
        let report = report.detail("your answer", format!("{outcome:?}"));
        self.case.fail(report.advice(advice))
    }
}

/// What the agent knows about one instance.
struct Listed {
    registered: bool,
    checks: Vec<Value>,
}

impl Listed {
    fn states(&self) -> String {
        let one = |check: &Value| {
            let text = |name: &str| check[name].as_str().unwrap_or_default().trim().to_string();
            let (kind, state, output) = (text("Type"), text("Status"), text("Output"));
            match output.as_str() {
                "" => format!("{kind} check {state} without a result"),
                _ => format!("{kind} check {state}: {output}"),
            }
        };
        let states: Vec<_> = self.checks.iter().map(one).collect();
        match states.is_empty() {
            true => "no check".to_string(),
            false => states.join(", "),
        }
    }

    /// The results of all its checks.
    fn output(&self) -> String {
        let outputs = self
            .checks
            .iter()
            .filter_map(|check| check["Output"].as_str());
        outputs.collect()
    }

    fn passing(&self) -> bool {
        self.checks.iter().all(|check| check["Status"] == "passing")
    }

    /// Why an instance without a check is taken for healthy.
    fn advice(&self, otherwise: &str) -> String {
        let words = match self.checks.as_slice() {
            [] if self.registered => {
                "Your registration has no check. Consul then lists the instance as passing from the start, \
                 and never finds out whether a server listens."
            }
            [] => {
                "Consul lists no instance under this id. The field `ID` of the registration sets it."
            }
            _ => otherwise,
        };
        words.to_string()
    }
}

fn instance(id: &str, addr: SocketAddr) -> Instance {
    Instance {
        name: "greeter".to_string(),
        id: id.to_string(),
        addr,
    }
}

/// Runs one situation on an agent of its own.
fn situation(title: &str, body: impl AsyncFn(World)) {
    case(title, |case| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let clock = Clock::manual();
            let config = Config {
                clock: clock.clone(),
                ..Config::default()
            };
            let agent = Agent::start(config).await.expect("an agent");
            body(World { case, agent, clock }).await;
        });
    });
}

const UNDER_ITS_NAME: &str = "Your registration has no `ID`, so Consul takes the name for the id. The list has an \
                              instance with the id of the name, and none with this id.";
const PASSING: &str = "All checks of this instance pass, and the query with `passing` lists it. Does your answer find \
                       the id in the entry? `entry[\"Service\"][\"ID\"]` is its place.";
const WITHOUT_PASSING: &str = "Consul knows that this instance is not passing. Without `passing` the query lists \
                               instances in every state.";

// The belief of this exercise. A registration is a claim; a check verifies it.
#[test]
fn a_a_dead_instance() {
    situation(
        "The instance is registered. No server listens at its address",
        async |world| {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
            let dead = instance("greeter-7", listener.local_addr().expect("an address"));
            drop(listener);
            world.registered(&dead).await;
            world.clock.advance(2 * INTERVAL).await;
            world
                .expect(&dead, false, |listed| match listed.passing() {
                    true => listed.advice(
                        "The check of this instance passes, although no server accepts connections there.",
                    ),
                    false => WITHOUT_PASSING.to_string(),
                })
                .await;
        },
    );
}

// Not checked yet, then checked.
#[test]
fn b_the_first_check() {
    situation(
        "The server is healthy, and Consul has not checked it yet",
        async |world| {
            let server = Server::start(200).await;
            let greeter = instance("greeter-7", server.addr);
            world.registered(&greeter).await;
            world
                .expect(&greeter, false, |listed| match listed.passing() {
                    true => listed.advice(
                        "The check passes before it has run once. A `Status` in the registration is a \
                         promise that no check has verified.",
                    ),
                    false => WITHOUT_PASSING.to_string(),
                })
                .await;
        },
    );
    situation("The server is healthy, and 5 s are over", async |world| {
        let server = Server::start(200).await;
        let greeter = instance("greeter-7", server.addr);
        world.registered(&greeter).await;
        world.clock.advance(INTERVAL).await;
        world
            .expect(&greeter, true, |listed| {
                listed.advice(match listed.output() {
                    output if output.is_empty() => {
                        "5 s after the registration the check has no result. Its interval is longer."
                    }
                    output if output.contains("404") => {
                        "The server answers `GET /health` with 200, and all other paths with 404."
                    }
                    _ => "The output of the check tells what Consul has seen.",
                })
            })
            .await;
    });
}

// An open port is not a healthy service.
#[test]
fn c_an_unhealthy_server() {
    situation("The server answers `GET /health` with 503", async |world| {
        let server = Server::start(503).await;
        let greeter = instance("greeter-7", server.addr);
        world.registered(&greeter).await;
        world.clock.advance(INTERVAL).await;
        world
            .expect(&greeter, false, |listed| match listed.passing() {
                true => listed.advice(
                    "The port is open, and the server says on `/health` that it is not well. Only a check \
                     that reads the status sees that.",
                ),
                false => WITHOUT_PASSING.to_string(),
            })
            .await;
    });
}

// The state follows the server, both ways.
#[test]
fn d_every_five_seconds() {
    situation(
        "The server is healthy, then unhealthy for 5 s, then healthy",
        async |world| {
            let server = Server::start(200).await;
            let greeter = instance("greeter-7", server.addr);
            world.registered(&greeter).await;
            world.clock.advance(INTERVAL).await;
            for (status, healthy) in [(500, false), (204, true)] {
                server.answers(status);
                world.clock.advance(INTERVAL).await;
                world
                    .expect(&greeter, healthy, |listed| {
                        listed.advice(&format!(
                            "The server has answered {status} for 5 s. Is the interval of the check longer?"
                        ))
                    })
                    .await;
            }
            let before = server.asked.load(Ordering::SeqCst);
            world.clock.advance(12 * INTERVAL).await;
            let asked = server.asked.load(Ordering::SeqCst) - before;
            if !(11..=13).contains(&asked) {
                let happened = format!("{asked} requests");
                let advice = "The field `Interval` is a text with a unit, such as \"30s\". Each check costs the \
                              server a request.";
                world
                    .differ("12 requests of `GET /health` in 60 s", &happened, advice)
                    .await;
            }
        },
    );
}

// Several instances are why there is a registry.
#[test]
fn e_two_instances() {
    situation(
        "Two instances of one service, greeter-1 and greeter-10",
        async |world| {
            let (first, second) = (Server::start(503).await, Server::start(200).await);
            let first = instance("greeter-1", first.addr);
            let second = instance("greeter-10", second.addr);
            world.registered(&second).await;
            world.registered(&first).await;
            world.clock.advance(INTERVAL).await;
            for one in [&first, &second] {
                let listed = world.listed(&one.id).await;
                if !listed.registered {
                    let advice = "Without an `ID` Consul takes the name for the id. The second registration \
                                  with the same id replaces the first one.";
                    let expected = "greeter-1 and greeter-10 are registered";
                    let known = world.known().await;
                    world.differ(expected, &known, advice).await;
                }
            }
            let other = "`is_healthy` is about one instance. The list has all healthy instances of the service; \
                         compare the whole id.";
            world.expect(&second, true, |_| other.to_string()).await;
            world.expect(&first, false, |_| other.to_string()).await;
        },
    );
}

// All checks count.
#[test]
fn f_the_node_is_critical() {
    situation(
        "The check of the instance passes, the check of its node fails",
        async |world| {
            let server = Server::start(200).await;
            let greeter = instance("greeter-7", server.addr);
            world.registered(&greeter).await;
            let disk = r#"{"Name": "disk", "TTL": "10m", "Status": "critical"}"#;
            let answer = put(world.agent.address(), "/v1/agent/check/register", disk).await;
            assert_eq!(answer.expect("the agent answers").status, 200);
            world.clock.advance(INTERVAL).await;
            let advice = "The check `disk` of the node is critical, so no instance on this node is healthy. The \
                          query parameter `passing` includes the checks of the node.";
            world.expect(&greeter, false, |_| advice.to_string()).await;
        },
    );
}

// Not registered is an answer.
#[test]
fn g_not_registered() {
    situation("No instance has this name", async |world| {
        let greeter = instance("greeter-7", SocketAddr::from(([127, 0, 0, 1], 8801)));
        let advice = "Consul's answer for an unknown name is an empty list with status 200.";
        world.expect(&greeter, false, |_| advice.to_string()).await;
    });
}

// An answer is not a success.
#[test]
fn h_refused() {
    situation("The instance has an empty name", async |world| {
        let mut greeter = instance("greeter-7", SocketAddr::from(([127, 0, 0, 1], 8801)));
        greeter.name.clear();
        let outcome = world.register(&greeter).await;
        if !matches!(&outcome, Err(ConsulError::Refused(words)) if words.contains("service name")) {
            let advice = "Consul answered with status 400, so the instance is not registered. The body says why.";
            let expected = "Err(Refused(\"Missing service name\"))";
            world.differ(expected, &outcome, advice).await;
        }
    });
    case(
        "Consul has no leader, and answers each request with 500",
        |case| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async {
            let server = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
            let addr = server.local_addr().expect("an address");
            tokio::spawn(async move {
                while let Ok((mut stream, _)) = server.accept().await {
                    let _ = stream.read(&mut [0; 1024]).await;
                    let answer = b"HTTP/1.0 500 Internal Server Error\r\n\r\nNo cluster leader";
                    let _ = stream.write_all(answer).await;
                }
            });
            let greeter = instance("greeter-7", SocketAddr::from(([127, 0, 0, 1], 8801)));
            let outcome = timeout(LIMIT, is_healthy(addr, &greeter)).await;
            let words = |words: &str| words.contains("No cluster leader");
            if !matches!(&outcome, Ok(Err(ConsulError::Refused(body))) if words(body)) {
                let advice = "Status 500 says that Consul could not look. The instance may be healthy, so `false` \
                              would be wrong.";
                let outcome = outcome.map_or("no result".to_string(), |outcome| format!("{outcome:?}"));
                case.differ("Err(Refused(\"No cluster leader\"))", outcome, advice);
            }
        });
        },
    );
}

// No answer is no state either.
#[test]
fn i_no_agent() {
    case("The Consul agent does not run", |case| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
            let agent = listener.local_addr().expect("an address");
            drop(listener);
            let greeter = instance("greeter-7", SocketAddr::from(([127, 0, 0, 1], 8801)));
            let registered = register(agent, &greeter).await;
            let healthy = is_healthy(agent, &greeter).await;
            let unavailable = matches!(registered, Err(ConsulError::Unavailable))
                && matches!(healthy, Err(ConsulError::Unavailable));
            if !unavailable {
                let advice = "The connection to the agent is refused, so there is no answer to read a state from.";
                let expected = "Err(Unavailable) from both functions";
                let outcome = format!("`register`: {registered:?}, `is_healthy`: {healthy:?}");
                case.differ(expected, outcome, advice);
            }
        });
    });
}

/// A text such as "500ms" as a duration; `None` if it has several units or none.
fn duration(text: &str) -> Option<Duration> {
    let end = text.find(|digit: char| !digit.is_ascii_digit() && digit != '.')?;
    let (number, unit) = text.split_at(end);
    let unit = match unit {
        "ns" => 1e-9,
        "us" | "µs" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return None,
    };
    Duration::try_from_secs_f64(number.parse::<f64>().ok()? * unit).ok()
}

// A healthy server that is busy takes some time for its answer.
#[test]
fn j_a_timeout_for_a_busy_server() {
    case(
        "The registration as Consul gets it: the timeout of the check",
        |case| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async {
                let consul = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
                let agent = consul.local_addr().expect("an address");
                let body = tokio::spawn(async move {
                    let (mut stream, _) = consul.accept().await.expect("a connection");
                    let mut request = Vec::new();
                    // The request is whole when its body is a JSON object.
                    loop {
                        let count = stream.read_buf(&mut request).await.unwrap_or(0);
                        let text = String::from_utf8_lossy(&request);
                        let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
                        let body = serde_json::from_str::<Value>(body);
                        if count == 0 || body.is_ok() {
                            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
                            let _ = stream.write_all(answer).await;
                            return body.unwrap_or_default();
                        }
                    }
                });
                let greeter = instance("greeter-7", SocketAddr::from(([127, 0, 0, 1], 8801)));
                let _ = timeout(LIMIT, register(agent, &greeter)).await;
                let body = timeout(LIMIT, body).await;
                let body = body.ok().and_then(Result::ok).unwrap_or_default();
                let checks = [&body["Check"], &body["Checks"][0]];
                let text = checks.iter().find_map(|check| check["Timeout"].as_str());
                let least = Duration::from_secs(1);
                if let Some(text) = text.filter(|text| duration(text).is_some_and(|time| time < least)) {
                    let advice = "A healthy server that is busy may take longer for its answer, and Consul then calls it \
                                  critical. Without `Timeout` Consul waits 10 s.";
                    case.differ("no `Timeout`, or 1 s and more", format!("`Timeout` is {text:?}"), advice);
                }
            });
        },
    );
}
