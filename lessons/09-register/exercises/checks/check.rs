//! The check of `checks`. A Consul agent whose time is moved by hand watches a server that can be ill in
//! several ways.

mod exercise;
mod given;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use exercise::{Check, Watched, checks};
use l08_consul::agent::{Agent, Config};
use l08_consul::clock::Clock;
use serde_json::{Value, json};
use services::testkit::{Case, View, case};
use tokio::runtime::Runtime;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic_health::ServingStatus::{self, NotServing, Serving};

const SERVICE: &str = "shop.v1.Cart";
/// So many seconds until Consul has to know.
const KNOWN: u32 = 30;

/// The agent, and where the server is.
struct World<'c> {
    case: &'c Case,
    runtime: Runtime,
    agent: Agent,
    checks: Vec<Check>,
}

impl<'c> World<'c> {
    /// Registers what the learner's checks say about a server at `addr`.
    fn new(case: &'c Case, runtime: Runtime, addr: SocketAddr) -> Self {
        let config = Config {
            clock: Clock::manual(),
            ..Config::default()
        };
        let agent = runtime.block_on(Agent::start(config)).expect("an agent");
        let watched = Watched {
            addr,
            service: SERVICE.to_string(),
        };
        let checks = checks(&watched);
        let world = World {
            case,
            runtime,
            agent,
            checks,
        };
        let checks: Vec<Value> = world.checks.iter().map(definition).collect();
        let service = json!({
            "Name": "cart", "Tags": [watched.service], "Address": "127.0.0.1",
            "Port": watched.addr.port(), "Checks": checks,
        });
        let answer = world.ask("PUT", "agent/service/register", &service.to_string());
        if !answer.is_empty() {
            let advice = "Consul does not take these checks, and says why.";
            world.case.differ("registered", answer, advice);
        }
        world
    }

    /// A server with these answers in its health service.
    fn with_server(case: &'c Case, whole: ServingStatus, service: ServingStatus) -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let addr = listener.local_addr().expect("an address");
        runtime.spawn(async move {
            let (health, routes) = tonic_health::server::health_reporter();
            health.set_service_status("", whole).await;
            health.set_service_status(SERVICE, service).await;
            health.set_service_status("shop.v1.Admin", Serving).await;
            listener.set_nonblocking(true).expect("a mode");
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
            let server = Server::builder().add_service(routes);
            let _ = server
                .serve_with_incoming(TcpIncoming::from(listener))
                .await;
        });
        Self::new(case, runtime, addr)
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(self.agent.address()).expect("our own agent");
        let length = body.len();
        let request =
            format!("{method} /v1/{path} HTTP/1.0\r\nContent-Length: {length}\r\n\r\n{body}");
        stream.write_all(request.as_bytes()).expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        let (_, body) = answer.split_once("\r\n\r\n").expect("HTTP");
        body.to_string()
    }

    /// Whether callers get it.
    fn green(&self) -> bool {
        let found = self.ask("GET", "health/service/cart?passing", "");
        let found: Vec<Value> = serde_json::from_str(&found).unwrap_or_default();
        !found.is_empty()
    }

    /// Lets seconds pass until it is green, or is not; how many it took.
    fn until(&self, green: bool) -> Option<u32> {
        for second in 0..=KNOWN {
            if self.green() == green {
                return Some(second);
            }
            self.advance();
        }
        None
    }

    fn advance(&self) {
        let clock = self.agent.clock();
        self.runtime.block_on(clock.advance(Duration::from_secs(1)));
    }

    /// Fails if callers get what is ill.
    fn must_be_red(&self, server: &str, advice: &str) {
        // A new check begins as critical: a critical status before the first attempt proves nothing.
        for _ in 0..KNOWN {
            self.advance();
        }
        let other = self.checks.iter().any(|check| match check {
            Check::Grpc { at, .. } => (at.split_once('/')).is_some_and(|(_, name)| name != SERVICE),
            _ => false,
        });
        let advice = match (self.checks.is_empty(), other) {
            (true, _) => "Without a check Consul lists an instance as passing at all times.",
            (_, true) => "The check names another service than shop.v1.Cart.",
            _ => advice,
        };
        if self.green() {
            let report = self
                .case
                .report()
                .detail("the server", server)
                .detail("after 30 s", "Consul: passing, callers get it")
                .detail("your checks", words(&self.checks))
                .advice(advice);
            self.case.fail(report);
        }
    }
}

fn definition(check: &Check) -> Value {
    let ms = |time: &Duration| format!("{}ms", time.as_millis());
    let (kind, at, every, timeout) = match check {
        Check::Tcp { at, every, timeout } => ("TCP", at, every, timeout),
        Check::Http {
            url,
            every,
            timeout,
        } => ("HTTP", url, every, timeout),
        Check::Grpc { at, every, timeout } => ("GRPC", at, every, timeout),
        Check::Ttl { within } => return json!({"TTL": ms(within)}),
    };
    json!({kind: at, "Interval": ms(every), "Timeout": ms(timeout)})
}

fn words(checks: &[Check]) -> String {
    let words = checks.iter().map(|check| match check {
        Check::Tcp { at, every, .. } => format!("TCP {at} every {}", every.view()),
        Check::Http { url, every, .. } => format!("HTTP {url} every {}", every.view()),
        Check::Grpc { at, every, .. } => format!("gRPC {at} every {}", every.view()),
        Check::Ttl { within } => format!("TTL {}", within.view()),
    });
    let words: Vec<String> = words.collect();
    if words.is_empty() {
        return "none".to_string();
    }
    words.join("\n")
}

// The belief of this exercise. The system opens the port; the program behind it may be ill all the same.
#[test]
fn a_an_open_port_is_not_health() {
    case("The port is open, and the service is NOT_SERVING", |case| {
        let world = World::with_server(case, NotServing, NotServing);
        let advice = "Port open, health NOT_SERVING, Consul green: a connection is accepted by the \
                      system. The health service of gRPC knows more.";
        world.must_be_red("health of everything: NOT_SERVING", advice);
    });
}

#[test]
fn b_one_service_is_not_the_server() {
    case("The server is well; shop.v1.Cart is NOT_SERVING", |case| {
        let world = World::with_server(case, Serving, NotServing);
        let advice = "The server has several services, and the registered one is NOT_SERVING. Without a name \
                      the check asks about the server as a whole.";
        world.must_be_red("health: SERVING; shop.v1.Cart: NOT_SERVING", advice);
    });
}

#[test]
fn c_silence_is_an_answer() {
    case(
        "The server accepts the connection and says nothing",
        |case| {
            // Consul gives up after the timeout of the check: that is arithmetic, and needs no waiting.
            let addr = SocketAddr::from(([127, 0, 0, 1], 8080));
            let longest = checks(&Watched {
                addr,
                service: SERVICE.to_string(),
            })
            .iter()
            .filter_map(|check| match check {
                Check::Tcp { every, timeout, .. }
                | Check::Http { every, timeout, .. }
                | Check::Grpc { every, timeout, .. } => Some(*every + *timeout),
                Check::Ttl { .. } => None,
            })
            .max();
            if let Some(longest) = longest.filter(|longest| *longest > Duration::from_secs(30)) {
                let advice = "The last attempt may have ended just before the failure. Then the next one \
                          starts after `every`, and ends after `timeout`.";
                let answer = format!("noticed after {} at worst", longest.view());
                case.differ("noticed after 30 s", answer, advice);
            }
        },
    );
}

#[test]
fn d_what_is_well_passes_and_stays() {
    case("All is well", |case| {
        let world = World::with_server(case, Serving, Serving);
        if world.until(true).is_none() {
            let checks = world.ask("GET", "agent/checks", "");
            let checks: Value = serde_json::from_str(&checks).unwrap_or_default();
            let output = (checks
                .as_object()
                .into_iter()
                .flat_map(|checks| checks.values()))
            .find(|check| check["Status"] != "passing")
            .map_or("nothing yet".to_string(), |check| {
                check["Output"].as_str().unwrap_or("").trim().to_string()
            });
            let report = case
                .report()
                .detail("after 30 s", "Consul: critical, callers do not get it")
                .detail("because", output)
                .detail("your checks", words(&world.checks))
                .advice("A check that cannot pass hides a service that is well.");
            case.fail(report);
        }
        for _ in 0..20 {
            world.advance();
        }
        if !world.green() {
            let advice = "It passed, and 20 s later it does not, although nothing has changed.";
            case.differ("passing", words(&world.checks), advice);
        }
    });
}

#[test]
fn e_a_hundred_instances_are_asked() {
    case("A minute in which nothing happens", |case| {
        let addr = SocketAddr::from(([127, 0, 0, 1], 8080));
        let service = SERVICE.to_string();
        let checks = checks(&Watched { addr, service });
        let asked: f64 = (checks.iter())
            .map(|check| match check {
                Check::Tcp { every, .. }
                | Check::Http { every, .. }
                | Check::Grpc { every, .. } => 60.0 / every.as_secs_f64(),
                Check::Ttl { .. } => 0.0,
            })
            .sum();
        if asked > 15.0 {
            let advice =
                "There are a hundred instances, so this is a hundred times as many attempts.";
            let answer = format!("{asked:.0} attempts in a minute");
            case.differ("15 attempts a minute at most", answer, advice);
        }
    });
}

#[test]
fn f_slow_is_not_ill() {
    case("An answer that takes 2 s", |case| {
        let addr = SocketAddr::from(([127, 0, 0, 1], 8080));
        let service = SERVICE.to_string();
        for check in checks(&Watched { addr, service }) {
            let (Check::Tcp { timeout, .. }
            | Check::Http { timeout, .. }
            | Check::Grpc { timeout, .. }) = check
            else {
                continue;
            };
            if timeout <= Duration::from_secs(2) {
                let advice = "A busy machine takes that long at times. Then this instance drops out of the \
                              list, and its calls go to the other busy ones.";
                let answer = format!("given up after {}", timeout.view());
                case.differ("more than 2 s for an answer", answer, advice);
            }
        }
    });
}
