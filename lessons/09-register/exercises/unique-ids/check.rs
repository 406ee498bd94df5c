//! The check of `unique-ids`. It registers instances with a Consul agent, and counts who is left.

mod exercise;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use exercise::{Facts, id};
use l08_consul::agent::{Agent, Config};
use l08_consul::clock::Clock;
use serde_json::{Value, json};
use services::testkit::{Case, case};
use tokio::runtime::Runtime;

/// The agent of lesson 08, in this process, and its time stands still.
struct Consul {
    addr: SocketAddr,
    _agent: Agent,
    _runtime: Runtime,
}

impl Consul {
    fn start() -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let config = Config {
            clock: Clock::manual(),
            ..Config::default()
        };
        let agent = runtime.block_on(Agent::start(config)).expect("an agent");
        Consul {
            addr: agent.address(),
            _agent: agent,
            _runtime: runtime,
        }
    }

    /// One request: the status and the body.
    fn ask(&self, method: &str, path: &str, body: &str) -> (String, String) {
        let mut stream = TcpStream::connect(self.addr).expect("our own agent");
        let length = body.len();
        let request =
            format!("{method} /v1/{path} HTTP/1.0\r\nContent-Length: {length}\r\n\r\n{body}");
        stream.write_all(request.as_bytes()).expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        let (head, body) = answer.split_once("\r\n\r\n").expect("HTTP");
        let status = head.lines().next().unwrap_or("").to_string();
        (status, body.to_string())
    }

    fn register(&self, facts: &Facts) -> String {
        let id = id(facts);
        let definition = json!({
            "ID": id,
            "Name": facts.name,
            "Address": facts.advertised.ip().to_string(),
            "Port": facts.advertised.port(),
            "Meta": {"process": facts.process.to_string(), "started": facts.started.to_string()},
        });
        self.ask("PUT", "agent/service/register", &definition.to_string());
        id
    }

    /// Each entry of a name: its id and its place.
    fn entries(&self, name: &str) -> Vec<(String, String)> {
        let (_, body) = self.ask("GET", &format!("catalog/service/{name}"), "");
        let found: Vec<Value> = serde_json::from_str(&body).unwrap_or_default();
        let text = |entry: &Value, member: &str| entry[member].as_str().unwrap_or("").to_string();
        found
            .iter()
            .map(|entry| {
                let port = entry["ServicePort"].as_u64().unwrap_or(0);
                let place = format!("{}:{port}", text(entry, "ServiceAddress"));
                (text(entry, "ServiceID"), place)
            })
            .collect()
    }
}

fn facts(name: &str, advertised: &str, process: u32, started: u64) -> Facts {
    Facts {
        name: name.to_string(),
        advertised: advertised.parse().expect("an address"),
        process,
        started,
    }
}

/// Registers all of them, and fails unless each has an entry of its own.
fn all_there(case: &Case, all: &[Facts], advice: &str) {
    let consul = Consul::start();
    let ids: Vec<String> = all.iter().map(|facts| consul.register(facts)).collect();
    for (at, facts) in all.iter().enumerate() {
        let place = facts.advertised.to_string().replace(['[', ']'], "");
        let entries = consul.entries(&facts.name);
        if entries.iter().any(|(_, there)| *there == place) {
            continue;
        }
        let report = case
            .report()
            .detail("registered", format!("{} instances", all.len()))
            .detail("their ids", ids.join("  "));
        let Some(by) = (at + 1..all.len()).find(|by| ids[*by] == ids[at]) else {
            let advice = "Consul has not taken this registration. An id needs at least one letter.";
            case.fail(report.detail("not there", place).advice(advice));
        };
        if ids[at].is_empty() {
            let advice = "An empty id is none: Consul takes the name in its place, which all instances share.";
            case.fail(report.detail("an empty id", place).advice(advice));
        }
        let (was, is) = (at + 1, by + 1);
        let replaced = format!(
            "instance {is}, {} at {}, replaced instance {was}, {} at {}",
            all[by].name, all[by].advertised, facts.name, facts.advertised
        );
        case.fail(report.detail("then", replaced).advice(advice));
    }
}

// The belief of this exercise. `ID` may be left out, and then Consul takes the name.
#[test]
fn a_three_instances_are_three_entries() {
    case("Three instances of `web` on one machine", |case| {
        let all = [
            facts("web", "10.0.0.7:8080", 4711, 1_700_000_000_000),
            facts("web", "10.0.0.7:8081", 4712, 1_700_000_000_350),
            facts("web", "10.0.0.7:8082", 4713, 1_700_000_000_700),
        ];
        let advice = "Consul keeps one entry for an id. The name is what callers ask for, and all \
                      instances share it; the id has to say which of them this is.";
        all_there(case, &all, advice);
    });
}

#[test]
fn b_two_containers_have_process_1() {
    case("Two containers, each with process 1", |case| {
        let all = [
            facts("web", "172.17.0.2:8080", 1, 1_700_000_000_000),
            facts("web", "172.17.0.3:8081", 1, 1_700_000_000_000),
        ];
        let advice = "Process numbers begin anew in each container, and both were started in the same \
                      millisecond. Their advertised addresses differ.";
        all_there(case, &all, advice);
    });
}

#[test]
fn b_two_machines_have_port_8080() {
    case("Two machines, each with port 8080", |case| {
        let all = [
            facts("web", "172.17.0.2:8080", 4711, 1_700_000_000_000),
            facts("web", "172.17.0.3:8080", 4712, 1_700_000_000_350),
        ];
        let advice = "Each machine has a port 8080. The IP addresses differ.";
        all_there(case, &all, advice);
    });
}

#[test]
fn c_a_restart_replaces_its_entry() {
    case(
        "An instance is killed and starts again in its place",
        |case| {
            let consul = Consul::start();
            let first = consul.register(&facts("web", "10.0.0.7:8080", 4711, 1_700_000_000_000));
            let second = consul.register(&facts("web", "10.0.0.7:8080", 5150, 1_700_000_060_000));
            let entries = consul.entries("web");
            if entries.len() != 1 {
                let answer = format!("{} entries: {first}  {second}", entries.len());
                let advice = "One instance runs, and the other entry has no process. An id that is new at each start is \
                          unique, and it cannot replace the entry of the instance that was killed.";
                case.differ("1 entry", answer, advice);
            }
        },
    );
}

#[test]
fn d_other_services_have_entries_as_well() {
    case("Two services whose names look alike", |case| {
        let all = [
            facts("web1", "10.0.0.7:8080", 4711, 1_700_000_000_000),
            facts("web", "10.0.0.7:18080", 4712, 1_700_000_000_001),
            facts("web", "10.0.0.71:8080", 4713, 1_700_000_000_002),
        ];
        let advice = "Ids are unique in the whole agent, not in a service. Two lists of parts that are \
                      different must not become the same text: what stands between the parts?";
        all_there(case, &all, advice);
    });
}

#[test]
fn e_the_id_goes_into_a_url() {
    case(
        "An instance with an IPv6 address is taken off the list",
        |case| {
            let consul = Consul::start();
            let id = consul.register(&facts("web", "[2001:db8::7]:8080", 4711, 1_700_000_000_000));
            let odd = id
                .chars()
                .find(|letter| !letter.is_ascii_alphanumeric() && !"-._:".contains(*letter));
            if let Some(odd) = odd {
                let advice = "The id stands in the path `/v1/agent/service/deregister/ID`. Another \
                          character would have to be escaped by each client that deregisters it.";
                case.differ(
                    "letters, digits and - . _ :",
                    format!("{id}, with a {odd:?}"),
                    advice,
                );
            }
            consul.ask("PUT", &format!("agent/service/deregister/{id}"), "");
            let left = consul.entries("web");
            if !left.is_empty() {
                case.differ(
                    "nothing left",
                    left[0].0.clone(),
                    "It could not be taken off the list.",
                );
            }
        },
    );
}
