//! The check of `maintenance`. The registry is the agent of lesson 08 with a driven clock; the supervisor reads what the
//! agent answers.

mod exercise;
mod given;

use std::net::SocketAddr;

use exercise::{Act, decide};
use l08_consul::agent::{Agent, Config};
use l08_consul::clock::Clock;
use serde_json::{Value, json};
use services::testkit::{Case, case};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The instances that the supervisor keeps running. One id is the beginning of another one.
const WANTED: [&str; 3] = ["greeter-1", "greeter-2", "greeter-12"];

/// One request to Consul; the body of its answer.
async fn ask(consul: SocketAddr, method: &str, path: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(consul).await.expect("our own agent");
    let length = body.len();
    let request = format!("{method} {path} HTTP/1.0\r\nContent-Length: {length}\r\n\r\n{body}");
    let sent = stream.write_all(request.as_bytes()).await;
    sent.expect("our own agent");
    let mut answer = String::new();
    let read = stream.read_to_string(&mut answer).await;
    read.expect("our own agent");
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer");
    assert!(head.contains(" 200 "), "{method} {path}: {answer}");
    body.to_string()
}

/// A registry with the three instances, healthy.
struct Registry {
    agent: Agent,
}

impl Registry {
    async fn open() -> Self {
        let config = Config {
            clock: Clock::manual(),
            ..Config::default()
        };
        let agent = Agent::start(config).await.expect("an agent");
        let registry = Registry { agent };
        // Not in the order of `WANTED`.
        for id in WANTED.iter().rev() {
            let check =
                json!({"TTL": "10m", "Status": "passing", "CheckID": format!("{id}:alive")});
            let instance = json!({"ID": id, "Name": "greeter", "Port": 80, "Check": check});
            let path = "/v1/agent/service/register";
            registry.put(path, &instance.to_string()).await;
        }
        registry
    }

    async fn put(&self, path: &str, body: &str) {
        ask(self.agent.address(), "PUT", path, body).await;
    }

    async fn entries(&self) -> Value {
        let path = "/v1/health/service/greeter";
        let answer = ask(self.agent.address(), "GET", path, "").await;
        serde_json::from_str(&answer).expect("JSON")
    }
}

/// Does something to the three instances, and compares the supervisor's acts with the right ones.
#[track_caller]
fn supervisor(case: &Case, happens: impl AsyncFnOnce(&Registry), expected: [Act; 3], advice: &str) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let entries = runtime.block_on(async {
        let registry = Registry::open().await;
        happens(&registry).await;
        registry.entries().await
    });
    let acts = decide(&WANTED, &entries);
    if acts != expected {
        let show = |acts: &[Act]| {
            let each = WANTED.iter().zip(acts);
            let each = each.map(|(id, act)| format!("{id} {act:?}"));
            let each = each.collect::<Vec<_>>().join(", ");
            match acts.len() {
                3 => each,
                other => format!("acts: {other}: {each}"),
            }
        };
        case.differ(show(&expected), show(&acts), advice);
    }
}

use Act::{Leave, Restart, Start};

const HIDE_2: &str = "/v1/agent/service/maintenance/greeter-2?enable=true";

#[test]
fn a_maintenance_hides_an_instance() {
    case("All checks of all three pass", |case| {
        let advice = "Nothing is wrong with an instance whose checks pass: it is left alone.";
        supervisor(case, async |_| {}, [Leave; 3], advice);
    });
    case("greeter-2 is in maintenance, and later back", |case| {
        let advice = "Maintenance hides an instance from callers, and does not deregister it: its entry is there, with a \
                      critical check that Consul has added. A person is working on it, so it is left alone.";
        supervisor(
            case,
            async |registry| registry.put(HIDE_2, "").await,
            [Leave; 3],
            advice,
        );
        let advice = "The maintenance is over, and all checks of greeter-2 pass.";
        supervisor(
            case,
            async |registry| {
                registry.put(HIDE_2, "").await;
                registry.put(&HIDE_2.replace("true", "false"), "").await;
            },
            [Leave; 3],
            advice,
        );
    });
}

#[test]
fn b_critical_or_not_registered() {
    case(
        "greeter-1 fails its check; greeter-12 has deregistered",
        |case| {
            let advice = "An entry with a critical check is an instance that is registered and does not work: Restart. Without \
                          an entry there is no such instance: Start.";
            supervisor(
                case,
                async |registry| {
                    let path = "/v1/agent/check/fail/greeter-1:alive";
                    registry.put(path, "").await;
                    let path = "/v1/agent/service/deregister/greeter-12";
                    registry.put(path, "").await;
                },
                [Restart, Leave, Start],
                advice,
            );
        },
    );
}

#[test]
fn c_texts_are_for_people() {
    case(
        "greeter-2 is in maintenance, with the reason \"new disk\"; a check of greeter-12 fails, and its id and notes speak of maintenance",
        |case| {
            let advice = "`Name`, `Notes` and `Output` are texts for people. Consul's own check is known by its `CheckID`, or by its \
                          beginning `_service_maintenance:`; other checks may have any id.";
            supervisor(
                case,
                async |registry| {
                    let path = format!("{HIDE_2}&reason=new%20disk");
                    registry.put(&path, "").await;
                    let check = json!({
                        "ID": "greeter-12:queue_maintenance", "ServiceID": "greeter-12", "Name": "Maintenance of the queue",
                        "Notes": "fails since the last maintenance", "TTL": "10m",
                    });
                    let path = "/v1/agent/check/register";
                    registry.put(path, &check.to_string()).await;
                },
                [Leave, Leave, Restart],
                advice,
            );
        },
    );
}

#[test]
fn d_a_node_in_maintenance() {
    case("The node of all three is in maintenance", |case| {
        let advice = "A person has taken the whole node out of service. The check is called `_node_maintenance`, and it is among \
                      the checks of each instance on that node.";
        supervisor(
            case,
            async |registry| {
                let path = "/v1/agent/maintenance?enable=true&reason=new%20disk";
                registry.put(path, "").await;
            },
            [Leave; 3],
            advice,
        );
    });
}

#[test]
fn e_critical_and_in_maintenance() {
    case(
        "greeter-1 is in maintenance, and its own check fails as well",
        |case| {
            let advice = "A person is working on it, and its failing check is probably the reason. Look for maintenance before \
                          you look at other checks.";
            supervisor(
                case,
                async |registry| {
                    let path = "/v1/agent/service/maintenance/greeter-1?enable=true";
                    registry.put(path, "").await;
                    let path = "/v1/agent/check/fail/greeter-1:alive";
                    registry.put(path, "").await;
                },
                [Leave; 3],
                advice,
            );
        },
    );
}

#[test]
fn f_a_warning_is_not_critical() {
    case("The check of greeter-2 is a warning", |case| {
        let advice = "An instance with a warning still answers, and callers get it. It may be busy, and a restart makes \
                      that worse.";
        supervisor(
            case,
            async |registry| {
                let path = "/v1/agent/check/warn/greeter-2:alive";
                registry.put(path, "").await;
            },
            [Leave; 3],
            advice,
        );
    });
}
