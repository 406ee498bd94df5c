//! The check of `maintenance`. The phone book is lesson 08's agent, with a clock that is moved by hand; what
//! the keeper reads is what the agent answers.

mod exercise;

use std::net::SocketAddr;

use exercise::{Act, decide};
use l08_consul::agent::{Agent, Config};
use l08_consul::clock::Clock;
use serde_json::{Value, json};
use services::testkit::{Case, case};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// All that the keeper wants to be there.
const WANTED: [&str; 3] = ["ferry-1", "ferry-2", "ferry-3"];

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

/// Three ferries, healthy and in the book.
struct Harbour {
    agent: Agent,
}

impl Harbour {
    async fn open() -> Self {
        let config = Config {
            clock: Clock::manual(),
            ..Config::default()
        };
        let agent = Agent::start(config).await.expect("an agent");
        let harbour = Harbour { agent };
        for id in WANTED {
            let check =
                json!({"TTL": "10m", "Status": "passing", "CheckID": format!("{id}:engine")});
            let ferry = json!({"ID": id, "Name": "ferry", "Port": 80, "Check": check});
            let path = "/v1/agent/service/register";
            harbour.put(path, &ferry.to_string()).await;
        }
        harbour
    }

    async fn put(&self, path: &str, body: &str) {
        ask(self.agent.address(), "PUT", path, body).await;
    }

    async fn entries(&self) -> Value {
        let path = "/v1/health/service/ferry";
        let answer = ask(self.agent.address(), "GET", path, "").await;
        serde_json::from_str(&answer).expect("JSON")
    }
}

/// Does something to the three ferries, and holds the keeper's answer against the right one.
#[track_caller]
fn keeper(case: &Case, happens: impl AsyncFnOnce(&Harbour), expected: [Act; 3], advice: &str) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let entries = runtime.block_on(async {
        let harbour = Harbour::open().await;
        happens(&harbour).await;
        harbour.entries().await
    });
    let acts = decide(&WANTED, &entries);
    if acts != expected {
        let show = |acts: &[Act]| {
            let each: Vec<String> = acts.iter().map(|act| format!("{act:?}")).collect();
            format!("ferry 1, 2, 3: {}", each.join(", "))
        };
        case.differ(show(&expected), show(&acts), advice);
    }
}

use Act::{Leave, Restart, Start};

// The belief of this exercise. A caller cannot tell the two apart, and need not. A keeper has to.
#[test]
fn a_maintenance_hides() {
    case("Ferry 2 is in maintenance, and back later", |case| {
        let path = "/v1/agent/service/maintenance/ferry-2?enable=true";
        let advice = "Ferry 2 is not among the healthy, and it is not gone: maintenance hides, it does not \
                      deregister. Its entry is there, with a critical check that says why. Starting \
                      one more puts two ferries where one is wanted.";
        keeper(
            case,
            async |harbour| harbour.put(path, "").await,
            [Leave; 3],
            advice,
        );
        let advice = "The maintenance is over, and ferry 2 is as it was.";
        keeper(
            case,
            async |harbour| {
                harbour.put(path, "").await;
                harbour.put(&path.replace("true", "false"), "").await;
            },
            [Leave; 3],
            advice,
        );
    });
}

#[test]
fn b_critical_is_there_and_broken() {
    case("Ferry 1 has failed its check; ferry 3 has left", |case| {
        let advice = "An entry with a critical check is a ferry that is there and does not work: \
                      Restart. No entry is no ferry: Start.";
        keeper(
            case,
            async |harbour| {
                harbour.put("/v1/agent/check/fail/ferry-1:engine", "").await;
                harbour
                    .put("/v1/agent/service/deregister/ferry-3", "")
                    .await;
            },
            [Restart, Leave, Start],
            advice,
        );
    });
}

// Whoever switches maintenance on may say why, in any words and any language.
#[test]
fn c_the_reason_is_free_text() {
    case(
        "Ferry 2 gets new paint; the engine of ferry 3 failed after its maintenance",
        |case| {
            let advice = "The notes of a check are what a person has typed. Consul's own checks are known by \
                          their `CheckID`: `_service_maintenance:` and the id of the service.";
            keeper(
                case,
                async |harbour| {
                    let path =
                        "/v1/agent/service/maintenance/ferry-2?enable=true&reason=new%20paint";
                    harbour.put(path, "").await;
                    let check = json!({
                        "ID": "ferry-3:oil", "ServiceID": "ferry-3", "Name": "Oil",
                        "Notes": "no oil since the maintenance", "TTL": "10m",
                    });
                    let path = "/v1/agent/check/register";
                    harbour.put(path, &check.to_string()).await;
                },
                [Leave, Leave, Restart],
                advice,
            );
        },
    );
}

#[test]
fn d_the_whole_machine_rests() {
    case("The machine of all three is in maintenance", |case| {
        let advice = "Somebody has taken the machine out, with everything on it: the check is called \
                      `_node_maintenance`, and it is among the checks of each of its services.";
        keeper(
            case,
            async |harbour| {
                let path = "/v1/agent/maintenance?enable=true&reason=new%20disk";
                harbour.put(path, "").await;
            },
            [Leave; 3],
            advice,
        );
    });
}

// Of course it does not work: that is why it is there.
#[test]
fn e_broken_and_in_maintenance() {
    case("Ferry 1 is in maintenance, and its engine is out", |case| {
        let advice = "There is a person with a screwdriver in it. That its engine does not answer is no \
                      news; ask first whether it rests.";
        keeper(
            case,
            async |harbour| {
                let path = "/v1/agent/service/maintenance/ferry-1?enable=true";
                harbour.put(path, "").await;
                harbour.put("/v1/agent/check/fail/ferry-1:engine", "").await;
            },
            [Leave; 3],
            advice,
        );
    });
}

#[test]
fn f_a_warning_still_serves() {
    case("Ferry 2 warns: it is nearly full", |case| {
        let advice = "Warning is not critical. It says \"busy\", as 429 does in lesson 08, and callers still \
                      get it. Starting it again makes it busier.";
        keeper(
            case,
            async |harbour| harbour.put("/v1/agent/check/warn/ferry-2:engine", "").await,
            [Leave; 3],
            advice,
        );
    });
}
