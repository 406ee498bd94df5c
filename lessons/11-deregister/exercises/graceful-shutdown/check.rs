//! The check of `graceful-shutdown`: the agent of lesson 08 and the learner's greeter in this process, and callers that
//! read the list of instances as lesson 10's do.

mod exercise;
mod given;
mod world {
    include!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/exercises/graceful-shutdown/world.rs"
    ));
}

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use exercise::{Limits, ShutdownReport};
use l06_grpc::pb::greeter::HelloRequest;
use l06_grpc::pb::greeter::greeter_client::GreeterClient;
use services::testkit::{Case, View, case};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::time::{Instant, sleep};
use tonic::transport::{Channel, Endpoint};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use world::{CACHED, Consul, DEREGISTERS, ID, LIMITS, Running, ids};

/// A lost call: when, counted from the SIGTERM, and its error.
struct Lost {
    at: Instant,
    error: String,
}

/// A caller that reads the list every 100 ms, and calls the learner's server as long as the list has it.
async fn caller(consul: SocketAddr, addr: SocketAddr, over: Arc<AtomicBool>) -> Vec<Lost> {
    let mut lost = Vec::new();
    let endpoint = Endpoint::from_shared(format!("http://{addr}")).expect("an address");
    let mut channel: Option<GreeterClient<Channel>> = None;
    let mut read = Instant::now();
    let mut listed = ids(consul).await.iter().any(|id| id == ID);
    while !over.load(Ordering::SeqCst) {
        if read.elapsed() >= CACHED {
            read = Instant::now();
            listed = ids(consul).await.iter().any(|id| id == ID);
        }
        if !listed {
            sleep(Duration::from_millis(5)).await;
            continue;
        }
        let at = Instant::now();
        // A channel connects again by itself, also after GOAWAY.
        let client = channel.get_or_insert_with(|| GreeterClient::new(endpoint.connect_lazy()));
        let name = "Ada".to_string();
        if let Err(status) = client.say_hello(HelloRequest { name }).await {
            let error = format!("{:?}", status.code());
            lost.push(Lost { at, error });
            channel = None;
            sleep(Duration::from_millis(20)).await;
        }
    }
    lost
}

/// What happened during a shutdown under calls.
struct Seen {
    report: ShutdownReport,
    sigterm: Instant,
    /// When the entry was removed, if it was.
    removed: Option<Instant>,
    /// When the server ended.
    ended: Instant,
    lost: Vec<Lost>,
    /// How many calls the server began and never answered.
    cut: usize,
    left: Vec<String>,
    /// What Consul was asked by the server.
    asked: String,
}

impl Seen {
    /// How many of the lost calls were made clearly before a moment.
    fn lost_before(&self, at: Instant) -> usize {
        let before = |lost: &&Lost| lost.at + DEREGISTERS / 3 < at;
        self.lost.iter().filter(before).count()
    }
}

async fn under_calls(case: &Case) -> Seen {
    let consul = Consul::start().await;
    let mut running = Running::start(consul.front, Duration::from_millis(20), LIMITS).await;
    consul.register(ID, running.addr).await;
    let other = SocketAddr::from(([127, 0, 0, 1], 9));
    consul.register("greeter-2", other).await;
    let over = Arc::new(AtomicBool::new(false));
    let mut callers = Vec::new();
    for _ in 0..6 {
        let caller = caller(consul.addr(), running.addr, Arc::clone(&over));
        callers.push(tokio::spawn(caller));
        // Their lists have different ages.
        sleep(Duration::from_millis(17)).await;
    }
    running.begun(12).await;
    let asked = consul.asked();
    if asked != "nothing" {
        let advice =
            "The server leaves before it was asked to: `sigterm.await` returns when SIGTERM comes.";
        case.differ("Consul is asked nothing before SIGTERM", asked, advice);
    }
    let addr = consul.addr();
    let removal = tokio::spawn(async move {
        while ids(addr).await.iter().any(|id| id == ID) {
            sleep(Duration::from_millis(1)).await;
        }
        Instant::now()
    });
    let sigterm = Instant::now();
    running.sigterm();
    let counts = [&running.begun, &running.answered].map(Arc::clone);
    let hangs = "SIGTERM asks the program to end. What does it wait for?";
    let limit = LIMITS.goodbye + LIMITS.notice + LIMITS.grace + CACHED * 10;
    let (report, ended) = running.ended(case, limit, hangs).await;
    // Callers with an old list come now.
    sleep(CACHED * 2).await;
    over.store(true, Ordering::SeqCst);
    let mut lost = Vec::new();
    for caller in callers {
        lost.extend(caller.await.unwrap_or_default());
    }
    lost.sort_by_key(|lost| lost.at);
    let removed = match removal.is_finished() {
        true => removal.await.ok(),
        false => {
            removal.abort();
            None
        }
    };
    let [begun, answered] = counts.map(|count| count.load(Ordering::SeqCst));
    Seen {
        report,
        sigterm,
        removed,
        ended,
        lost,
        cut: begun.saturating_sub(answered),
        left: consul.ids().await,
        asked: consul.asked(),
    }
}

/// Runs a situation on a runtime of its own.
fn situation(name: &str, body: impl AsyncFnOnce(&Case)) {
    case(name, |case| {
        let runtime = Runtime::new().expect("a runtime");
        runtime.block_on(body(case));
        // A server that never ends does not hold the check.
        runtime.shutdown_background();
    });
}

#[test]
fn a_under_calls() {
    situation(
        "Six callers call all the time, with lists of up to 100 ms; Consul takes 150 ms to deregister; SIGTERM",
        async |case| {
            let mut seen = under_calls(case).await;
            // A machine that stands still for longer than the notice loses calls as well.
            if !seen.lost.is_empty() {
                seen = under_calls(case).await;
            }
            let since = |at: Instant| at.saturating_duration_since(seen.sigterm).view();
            if let Some(first) = seen.lost.first() {
                let report = case
                    .report()
                    .detail("expected", "no call is lost")
                    .detail(
                        "your answer",
                        format!(
                            "calls lost: {}, the first one {} after SIGTERM with {}",
                            seen.lost.len(),
                            since(first.at),
                            first.error
                        ),
                    )
                    .detail(
                        "the entry in Consul",
                        match seen.removed {
                            Some(at) => format!("removed {} after SIGTERM", since(at)),
                            None => "never removed".to_string(),
                        },
                    )
                    .detail("Consul was asked", &seen.asked)
                    .detail("calls begun and never answered", seen.cut.to_string())
                    .detail(
                        "the server ended",
                        format!("{} after SIGTERM", since(seen.ended)),
                    );
                let advice = match seen.removed {
                    None if seen.asked.contains("/deregister/") => {
                        "Consul was asked to remove an entry, and it was not this one: its id is `greeter-1`. All instances of \
                         a service share the name."
                    }
                    None => {
                        "Consul still lists the instance, and the server is gone. GOAWAY ends connections, and callers \
                         connect again to the address that Consul lists. Deregister first."
                    }
                    Some(at) if seen.lost_before(at) > seen.cut => {
                        "These calls were refused while Consul still listed the instance. As long as it is listed, calls \
                         have to be answered."
                    }
                    Some(at) if at.saturating_duration_since(seen.sigterm) >= LIMITS.notice => {
                        "The server has waited, but before the entry was removed. Callers read the old entry until then, and \
                         use it for some time after that: the notice begins with the removal."
                    }
                    Some(_) if seen.cut > 0 => {
                        "The server had begun these calls, and their handlers were cancelled: the future of `serve` was \
                         dropped, or it ended before them. Await `serve`: it finishes the calls under way, within \
                         `limits.grace`."
                    }
                    Some(_) => {
                        "The entry was removed, and these callers had read the list before that. Answer calls for \
                         `limits.notice` after the deregistration."
                    }
                };
                case.fail(report.advice(advice));
            }
            if seen.left.iter().any(|id| id == ID) {
                let advice = "No caller was lost in this situation, and Consul still lists an instance that is gone.";
                case.differ("no entry `greeter-1`", seen.left.join(", "), advice);
            }
            if seen.left != ["greeter-2"] {
                let advice =
                    "The other instance has the same name and still serves. Deregister by the id.";
                case.differ("greeter-2 is listed", "greeter-2 is not listed", advice);
            }
            // A tolerance for a machine that is busy with other work.
            let longest = LIMITS.notice + CACHED * 10;
            let stayed = seen
                .removed
                .map(|at| seen.ended.saturating_duration_since(at));
            if let Some(stayed) = stayed.filter(|stayed| *stayed > longest) {
                let wanted = format!("`run` returns {} after the removal", LIMITS.notice.view());
                let advice = "No call was lost and none was under way. Each second more is a second of the deployment: the \
                              notice takes `limits.notice`.";
                case.differ(
                    wanted,
                    format!("it returned after {}", stayed.view()),
                    advice,
                );
            }
            let report = format!("{:?}", seen.report);
            let expected = ShutdownReport {
                told: true,
                finished: true,
            };
            let advice = "The entry was removed, and all calls were finished.";
            case.expect_eq(format!("{expected:?}").as_str(), report.as_str(), advice);
        },
    );
}

#[test]
fn b_not_serving_comes_first() {
    situation(
        "A client asks the health service while the server leaves",
        async |case| {
            let consul = Consul::start().await;
            let mut running = Running::start(consul.front, Duration::ZERO, LIMITS).await;
            consul.register(ID, running.addr).await;
            let endpoint = Endpoint::from_shared(format!("http://{}", running.addr));
            let channel = endpoint.expect("an address").connect().await;
            let channel = channel.expect("the server listens");
            let mut health = HealthClient::new(channel.clone());
            let mut greeter = GreeterClient::new(channel);
            let says = health_of(&mut health).await;
            let advice = "No SIGTERM has come: the health service says SERVING, and a check of Consul's passes.";
            case.expect_eq("Serving", says.as_str(), advice);
            running.sigterm();
            let since = Instant::now();
            while consul.ids().await.iter().any(|id| id == ID) && since.elapsed() < CACHED * 10 {
                sleep(Duration::from_millis(1)).await;
            }
            let says = health_of(&mut health).await;
            let advice = "The entry is removed, and the server still answers. A check or a load balancer that asks the \
                          server itself has to hear that it leaves.";
            case.expect_eq("NotServing", says.as_str(), advice);
            let name = "Ada".to_string();
            if let Err(status) = greeter.say_hello(HelloRequest { name }).await {
                let advice = "NOT_SERVING is for clients that ask for the health. A call gets its answer until GOAWAY.";
                case.differ("\"hello Ada\"", format!("{:?}", status.code()), advice);
            }
        },
    );
}

/// What the health service says about the greeter.
async fn health_of(health: &mut HealthClient<Channel>) -> String {
    let service = "greeter.v1.Greeter".to_string();
    match health.check(HealthCheckRequest { service }).await {
        Ok(reply) => format!("{:?}", reply.into_inner().status()),
        Err(status) => format!("an error: {:?}: {}", status.code(), status.message()),
    }
}

#[test]
fn c_consul_does_not_answer() {
    situation(
        "Consul accepts the connection and never answers; the limit for the goodbye is 300 ms",
        async |case| {
            let silent = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
            let consul = silent.local_addr().expect("a bound listener");
            let limits = Limits {
                goodbye: Duration::from_millis(300),
                ..LIMITS
            };
            let mut running = Running::start(consul, Duration::ZERO, limits).await;
            let addr = running.addr;
            running.sigterm();
            sleep(Duration::from_millis(100)).await;
            let endpoint = Endpoint::from_shared(format!("http://{addr}")).expect("an address");
            let mut greeter = GreeterClient::new(endpoint.connect_lazy());
            let name = "Ada".to_string();
            let answered = greeter.say_hello(HelloRequest { name }).await;
            drop(greeter);
            let advice = "The supervisor kills a program that does not end. `limits.goodbye` is the time that Consul gets; \
                          then the server leaves without it.";
            let (report, _) = running.ended(case, CACHED * 15, advice).await;
            if let Err(status) = answered {
                let advice = "Consul lists the instance as long as it was not told, so callers come. Answer them.";
                case.differ("\"hello Ada\"", format!("{:?}", status.code()), advice);
            }
            let advice = "Consul was asked and has not answered, so it still lists the instance. An operator has to know.";
            case.expect_named("the report says: told", &false, &report.told, "", advice);
            drop(silent);
        },
    );
}

#[test]
fn d_consul_refuses() {
    situation("Consul answers 500 Internal Server Error", async |case| {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let consul = listener.local_addr().expect("a bound listener");
        let answers = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let mut request = [0; 4096];
                    let _ = stream.read(&mut request).await;
                    let answer = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n";
                    let _ = stream.write_all(answer).await;
                });
            }
        });
        let mut running = Running::start(consul, Duration::ZERO, LIMITS).await;
        running.sigterm();
        let advice = "Consul has answered with an error, so there is nothing to wait for.";
        let (report, _) = running.ended(case, LIMITS.goodbye * 3, advice).await;
        let advice = "An answer with an error removes nothing: `deregister` returns `Err`.";
        case.expect_named("the report says: told", &false, &report.told, "", advice);
        answers.abort();
    });
}

#[test]
fn e_a_call_longer_than_the_grace() {
    situation("A call takes an hour; the grace is 200 ms", async |case| {
        let consul = Consul::start().await;
        let limits = Limits {
            grace: Duration::from_millis(200),
            ..LIMITS
        };
        let hour = Duration::from_secs(3600);
        let mut running = Running::start(consul.front, hour, limits).await;
        consul.register(ID, running.addr).await;
        let addr = running.addr;
        let call = tokio::spawn(async move {
            let endpoint = Endpoint::from_shared(format!("http://{addr}")).expect("an address");
            let mut greeter = GreeterClient::new(endpoint.connect_lazy());
            let name = "Ada".to_string();
            drop(greeter.say_hello(HelloRequest { name }).await);
        });
        running.begun(1).await;
        running.sigterm();
        let advice = "`serve` ends after the grace. What does `run` wait for?";
        let limit = limits.notice + limits.grace + CACHED * 15;
        let (report, _) = running.ended(case, limit, advice).await;
        let advice = "The call was cut off, and an operator has to know: the report says what `serve` returns.";
        case.expect_named(
            "the report says: finished",
            &false,
            &report.finished,
            "",
            advice,
        );
        call.abort();
    });
}
