//! The check of `register-greeter`: the agent of lesson 08 in this process, whose time is moved by hand, and the
//! learner's greeter on a real port.

mod exercise;
mod given;

use std::net::SocketAddr;
use std::time::Duration;

use exercise::{GREETER, Running, StartError, start};
use l06_grpc::pb::greeter::HelloRequest;
use l06_grpc::pb::greeter::greeter_client::GreeterClient;
use l08_consul::agent::{Agent, Config};
use l08_consul::ask::ask;
use l08_consul::clock::Clock;
use l09_register::registry::Registry;
use serde_json::Value;
use services::testkit::{Case, View, case};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::time::timeout;
use tonic_health::ServingStatus;

/// How long `start` and a greeting may take; each takes milliseconds.
const LIMIT: Duration = Duration::from_secs(3);

/// One situation: a Consul whose clock is moved by hand, and a client of it.
struct World<'c> {
    case: &'c Case,
    agent: Agent,
    registry: Registry,
}

/// One entry of the service `greeter`, as Consul lists it.
struct Entry {
    id: String,
    addr: String,
    /// Kind, status and last output of each check of the instance.
    checks: Vec<(String, String, String)>,
}

impl Entry {
    fn passes(&self) -> bool {
        self.checks.iter().all(|(_, status, _)| status == "passing")
    }

    fn words(&self) -> String {
        let checks = self.checks.iter().map(|(kind, status, output)| {
            let output = output.trim();
            match output {
                "" => format!("{kind} check {status}"),
                output => format!("{kind} check {status}: {output}"),
            }
        });
        let checks: Vec<String> = checks.collect();
        match checks.is_empty() {
            true => "no check, so it always passes".to_string(),
            false => checks.join("; "),
        }
    }
}

impl World<'_> {
    /// The learner's greeter at `bind`.
    async fn start(&self, bind: &str) -> Result<Running, StartError> {
        let bind: SocketAddr = bind.parse().expect("an address");
        let start = start(self.registry.client(), bind);
        match timeout(LIMIT, start).await {
            Ok(outcome) => outcome,
            Err(_) => self.case.differ(
                "`start` returns within milliseconds",
                format!("`start` has not returned after {}", LIMIT.view()),
                "What does it wait for? `serve` starts a task, and does not wait for its end.",
            ),
        }
    }

    /// The same, and it has to run.
    async fn running(&self, bind: &str) -> Running {
        match self.start(bind).await {
            Ok(running) => running,
            Err(error) => self.case.differ(
                "a running greeter",
                format!("{error:?}"),
                "The address is free and Consul answers, so `start` returns `Ok`.",
            ),
        }
    }

    async fn get(&self, path: &str) -> Value {
        let answer = ask(self.agent.address(), "GET", path, "").await;
        answer.expect("the agent answers").json()
    }

    /// All entries of the name `greeter`.
    async fn entries(&self) -> Vec<Entry> {
        let services = self.get("/v1/catalog/service/greeter").await;
        // The agent has each output at once; the catalog gets it later, if the status is the same.
        let checks = self.get("/v1/agent/checks").await;
        let text = |value: &Value| value.as_str().unwrap_or("").to_string();
        let entry = |service: &Value| {
            let checks = checks.as_object().into_iter().flatten();
            let checks = checks
                .filter(|(_, check)| check["ServiceID"] == service["ServiceID"])
                .map(|(_, check)| {
                    let (kind, status) = (text(&check["Type"]), text(&check["Status"]));
                    (kind, status, text(&check["Output"]))
                });
            let port = &service["ServicePort"];
            Entry {
                id: text(&service["ServiceID"]),
                addr: format!("{}:{port}", text(&service["ServiceAddress"])),
                checks: checks.collect(),
            }
        };
        let services = services.as_array().into_iter().flatten();
        services.map(entry).collect()
    }

    /// The only entry.
    async fn entry(&self) -> Entry {
        let mut entries = self.entries().await;
        if entries.len() != 1 {
            let all = self.get("/v1/agent/services").await;
            let names = all.as_object().into_iter().flatten();
            let names: Vec<String> = names
                .map(|(id, service)| format!("{id} of service {}", service["Service"]))
                .collect();
            let listed = match names.is_empty() {
                true => "no instance".to_string(),
                false => names.join(", "),
            };
            self.case.differ(
                "one instance of service \"greeter\"",
                listed,
                "`start` has returned `Ok`: the greeter is registered under its name.",
            );
        }
        entries.remove(0)
    }

    /// Moves Consul's clock.
    async fn seconds(&self, seconds: u64) {
        for _ in 0..seconds {
            self.agent.clock().advance(Duration::from_secs(1)).await;
        }
    }
}

/// Runs a situation on a Consul of its own.
fn situation(name: &str, body: impl AsyncFnOnce(World<'_>)) {
    case(name, |case| {
        let runtime = Runtime::new().expect("a runtime");
        runtime.block_on(async {
            let config = Config {
                clock: Clock::manual(),
                ..Config::default()
            };
            let agent = Agent::start(config).await.expect("an agent");
            let registry = Registry::at(agent.address()).expect("a client of Consul");
            let world = World {
                case,
                agent,
                registry,
            };
            body(world).await;
        });
    });
}

#[test]
fn a_it_is_registered() {
    situation("A greeter starts with port 0", async |world| {
        let running = world.running("127.0.0.1:0").await;
        let entry = world.entry().await;
        if entry.addr != running.addr.to_string() {
            let report = (world.case.report())
                .detail("the greeter listens at", running.addr.to_string())
                .detail("registered in Consul", entry.addr);
            world.case.fail(report.advice(
                "Callers dial what is registered. The listener knows its address; `bind` is what was asked for.",
            ));
        }
    });
}

#[test]
fn b_it_becomes_passing() {
    situation("A greeter has started, and 11 s pass", async |world| {
        let running = world.running("127.0.0.1:0").await;
        world.seconds(11).await;
        let entry = world.entry().await;
        if !entry.passes() {
            let output = entry.words();
            let advice = if output.contains("NotFound") || output.contains("unknown service") {
                "The health service answers, and it does not know the service that the check names."
            } else if output.contains("Unimplemented") {
                "The server at this address has no health service."
            } else if output.contains("report service healthy") {
                "The health service answers, and does not say SERVING for the service that the check names."
            } else if output.ends_with("critical") {
                "Consul has made no attempt within 11 s. The task asks for an interval of 10 s."
            } else {
                "The output is what Consul's last attempt said."
            };
            let report = (world.case.report())
                .detail("the greeter listens at", running.addr.to_string())
                .detail("expected after 11 s", "passing")
                .detail("Consul", output);
            world.case.fail(report.advice(advice));
        }
        let greeting = greet(running.addr).await;
        if greeting != "hello Ada" {
            let advice = "The instance passes its check, so callers get it: it has to serve the greeter too.";
            world.case.differ("hello Ada", greeting, advice);
        }
    });
}

// The belief of this exercise: what is registered and was never checked is listed as healthy.
#[test]
fn c_it_is_not_serving() {
    situation(
        "The greeter says NOT_SERVING, and 12 s pass",
        async |world| {
            let running = world.running("127.0.0.1:0").await;
            world.seconds(11).await;
            let health = running.health.clone();
            health
                .set_service_status(GREETER, ServingStatus::NotServing)
                .await;
            world.seconds(12).await;
            let entry = world.entry().await;
            if entry.passes() {
                let kinds: Vec<&str> = entry.checks.iter().map(|check| check.0.as_str()).collect();
                let advice = match kinds[..] {
                    [] => {
                        "No check is registered, so Consul never calls the greeter and lists it as passing."
                    }
                    ["tcp"] => {
                        "A TCP check opens a connection. The port of a greeter that is NOT_SERVING is open."
                    }
                    ["grpc"] if entry.words().contains(GREETER) => {
                        "The last attempt was before the change. The interval of the check is 10 s."
                    }
                    ["grpc"] => {
                        "A gRPC check without a service name asks about the server as a whole."
                    }
                    _ => "None of the checks noticed it.",
                };
                let report = (world.case.report())
                    .detail("health of greeter.v1.Greeter", "NOT_SERVING")
                    .detail("expected after 12 s", "critical")
                    .detail("Consul", entry.words());
                world.case.fail(report.advice(advice));
            }
        },
    );
}

#[test]
fn d_it_begins_as_critical() {
    situation("A greeter has started a moment ago", async |world| {
        let _running = world.running("127.0.0.1:0").await;
        let entry = world.entry().await;
        if entry.passes() {
            let advice =
                "Consul has made no attempt yet, so this `passing` comes from the registration.";
            world
                .case
                .differ("critical until the first attempt", entry.words(), advice);
        }
        if entry.checks.len() != 1 {
            let advice = "The gRPC check notices a closed port too, so one check is enough.";
            world.case.differ("1 check", entry.words(), advice);
        }
    });
}

#[test]
fn e_two_instances_and_a_restart() {
    situation(
        "Two greeters start; the second one ends and starts again at its address",
        async |world| {
            let first = world.running("127.0.0.1:0").await;
            let second = world.running("127.0.0.1:0").await;
            let entries = world.entries().await;
            if entries.len() != 2 {
                let ids: Vec<String> = entries.into_iter().map(|entry| entry.id).collect();
                let advice = "Consul keeps one entry for each id, so the second registration replaced the first.";
                world.case.differ(
                    "2 instances",
                    format!("1 instance, id {}", ids.join(", ")),
                    advice,
                );
            }
            let addr = second.addr;
            end(second).await;
            let _second = world.running(&addr.to_string()).await;
            let entries = world.entries().await;
            let mut ids: Vec<String> = entries.into_iter().map(|entry| entry.id).collect();
            ids.sort();
            if ids.len() != 2 {
                let advice = "The restarted greeter has a new id, so its old entry stays and has no process any more.";
                let answer = format!("{} instances: {}", ids.len(), ids.join(", "));
                world.case.differ("2 instances", answer, advice);
            }
            let mut expected: Vec<String> = [first.addr, addr]
                .iter()
                .map(|addr| format!("greeter-{}-{}", addr.ip(), addr.port()))
                .collect();
            expected.sort();
            if ids != expected {
                let advice = "The id is `greeter-ADDRESS-PORT`.";
                world
                    .case
                    .differ(expected.join(", "), ids.join(", "), advice);
            }
        },
    );
}

#[test]
fn f_ipv6() {
    // A machine without IPv6 has nothing to show here.
    if std::net::TcpListener::bind("[::1]:0").is_err() {
        return;
    }
    situation("A greeter binds an IPv6 address", async |world| {
        let running = world.running("[::1]:0").await;
        let entry = world.entry().await;
        let expected = format!("{}:{}", running.addr.ip(), running.addr.port());
        if entry.addr != expected {
            let advice = "Registered are the address and the port of the listener. The address of an entry has no brackets.";
            world.case.differ(expected, entry.addr, advice);
        }
        world.seconds(11).await;
        let entry = world.entry().await;
        if !entry.passes() {
            let advice = "`SocketAddr` prints an IPv6 address with brackets, as the form `HOST:PORT` needs it.";
            world.case.differ("passing", entry.words(), advice);
        }
    });
}

#[test]
fn g_a_hanging_server_is_noticed_in_time() {
    case("What was registered for the check", |case| {
        let runtime = Runtime::new().expect("a runtime");
        runtime.block_on(async {
            let consul = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let registry = Registry::at(consul.local_addr().expect("an address")).expect("a client");
            let request = tokio::spawn(answer_once(consul, "200 OK"));
            let bind = SocketAddr::from(([127, 0, 0, 1], 0));
            let _running = timeout(LIMIT, start(registry.client(), bind)).await;
            let request = timeout(LIMIT, request).await;
            let body = request.ok().and_then(Result::ok).unwrap_or_default();
            let (_, body) = body.split_once("\r\n\r\n").unwrap_or_default();
            let body: Value = serde_json::from_str(body).unwrap_or_default();
            let check = match body["Checks"][0].is_null() {
                true => &body["Check"],
                false => &body["Checks"][0],
            };
            let time = |name: &str| check[name].as_str().unwrap_or("none").to_string();
            let answer = format!(
                "interval {}, timeout {}",
                time("Interval"),
                time("Timeout")
            );
            if answer != "interval 10s, timeout 2s" {
                let advice = "A server that hangs is noticed after the interval and the timeout of its check.";
                case.differ("interval 10s, timeout 2s", answer, advice);
            }
        });
    });
}

#[test]
fn h_consul_refuses() {
    case("Consul answers 500 to the registration", |case| {
        let runtime = Runtime::new().expect("a runtime");
        runtime.block_on(async {
            let consul = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let registry =
                Registry::at(consul.local_addr().expect("an address")).expect("a client");
            tokio::spawn(answer_once(consul, "500 Internal Server Error"));
            failure(case, &registry).await;
        });
    });
}

#[test]
fn i_consul_is_away() {
    situation("Consul does not run", async |world| {
        let World {
            case,
            agent,
            registry,
        } = world;
        agent.stop().await;
        failure(case, &registry).await;
    });
}

#[test]
fn j_the_address_is_taken() {
    situation("Another program listens at the address", async |world| {
        let other = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let addr = other.local_addr().expect("an address");
        let outcome = world.start(&addr.to_string()).await;
        if !matches!(outcome, Err(StartError::Listen(_))) {
            let answer = outcome.map(|running| running.addr);
            let advice = "The address cannot be bound, so the result is that error.";
            world
                .case
                .differ("StartError::Listen", format!("{answer:?}"), advice);
        }
        let entries = world.entries().await;
        if let Some(entry) = entries.first() {
            let advice = "No greeter serves at this address, so none is registered. Bind first.";
            world.case.differ("no instance", entry.id.clone(), advice);
        }
    });
}

/// Fails unless `start` returns Consul's error and closes the port.
async fn failure(case: &Case, registry: &Registry) {
    // A port that was free a moment ago, so that it is known.
    let bind = std::net::TcpListener::bind("127.0.0.1:0").and_then(|port| port.local_addr());
    let bind = bind.expect("a free port");
    let outcome = timeout(LIMIT, start(registry.client(), bind)).await;
    if !matches!(outcome, Ok(Err(StartError::Consul(_)))) {
        let answer = match outcome {
            Ok(outcome) => format!("{:?}", outcome.map(|running| running.addr)),
            Err(_) => format!("no result after {}", LIMIT.view()),
        };
        let advice = "The registration failed. A greeter that is not registered cannot be found, so the \
                      caller of `start` has to hear of it.";
        case.differ("StartError::Consul", answer, advice);
    }
    if !closes(bind).await {
        let advice = "`start` has failed, and its greeter still serves. A `Running` that is dropped closes its port.";
        case.differ(
            format!("{bind} refuses connections"),
            "a connection is accepted",
            advice,
        );
    }
}

/// Whether the port refuses connections soon.
async fn closes(addr: SocketAddr) -> bool {
    for _ in 0..100 {
        if TcpStream::connect(addr).await.is_err() {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    false
}

/// Ends a greeter, and waits until its port is closed.
async fn end(running: Running) {
    let addr = running.addr;
    drop(running);
    assert!(closes(addr).await, "a dropped greeter closes its port");
}

/// The greeting of the server at `addr`, or its error in words.
async fn greet(addr: SocketAddr) -> String {
    let call = async {
        let mut client = GreeterClient::connect(format!("http://{addr}"))
            .await
            .map_err(|error| format!("no connection: {error}"))?;
        let name = "Ada".to_string();
        let reply = client.say_hello(HelloRequest { name }).await;
        let reply = reply.map_err(|status| format!("status {:?}", status.code()))?;
        Ok::<_, String>(reply.into_inner().message)
    };
    match timeout(LIMIT, call).await {
        Ok(Ok(message)) => message,
        Ok(Err(words)) => words,
        Err(_) => format!("no reply after {}", LIMIT.view()),
    }
}

/// Reads one HTTP request, answers it with this status, and returns its text.
async fn answer_once(listener: TcpListener, status: &str) -> String {
    let (mut stream, _) = listener.accept().await.expect("a client");
    let mut request = Vec::new();
    while !complete(&request) {
        if stream.read_buf(&mut request).await.unwrap_or(0) == 0 {
            break;
        }
    }
    let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    let _ = stream.write_all(answer.as_bytes()).await;
    String::from_utf8_lossy(&request).into_owned()
}

/// Whether a request has its body, as long as its head says.
fn complete(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let length = name.eq_ignore_ascii_case("content-length");
        length.then(|| value.trim().parse::<usize>().ok())?
    });
    body.len() >= length.unwrap_or(0)
}
