//! The check of `no-healthy-instance`: lists as Consul sends them, in the order in which it sends them.

mod exercise;
mod given;

use std::net::{IpAddr, SocketAddr};

use exercise::State::{Critical, Passing, Warning};
use exercise::{Entry, NoInstance, State, choose};
use services::testkit::{Case, case};

fn entry(id: &str, port: u16, checks: &[State]) -> Entry {
    Entry {
        id: id.to_string(),
        node: IpAddr::from([10, 0, 0, 1]),
        node_checks: vec![Passing],
        address: Some(IpAddr::from([127, 0, 0, 1])),
        port,
        checks: checks.to_vec(),
    }
}

fn words(answer: &Result<SocketAddr, NoInstance>) -> String {
    match answer {
        Ok(addr) => format!("call {addr}"),
        Err(NoInstance::NoSuchService) => "NoSuchService".to_string(),
        Err(NoInstance::NoneHealthy(ids)) => format!("NoneHealthy: {}", ids.join(", ")),
    }
}

/// Fails unless the answer for this turn is the expected one. An answer that calls another healthy
/// instance has a fault in its turns, and is told so; all others get `advice`.
#[track_caller]
fn expect(
    case: &Case,
    entries: &[Entry],
    turn: usize,
    expected: Result<SocketAddr, NoInstance>,
    advice: &str,
) {
    let answer = choose(entries, turn);
    if answer == expected {
        return;
    }
    let mut report = case.report();
    let mut healthy = Vec::new();
    for entry in entries {
        let label = format!("{}, port {}", entry.id, entry.port);
        let words = format!(
            "its checks {:?}, its node's {:?}",
            entry.checks, entry.node_checks
        );
        report = report.detail(label, words);
        let mut checks = entry.checks.iter().chain(&entry.node_checks);
        if checks.all(|state| *state == Passing) {
            healthy.push(entry.port);
        }
    }
    if entries.is_empty() {
        report = report.detail("Consul's list", "empty");
    }
    let another = match (&answer, &expected) {
        (Ok(answer), Ok(expected)) => {
            answer.port() != expected.port() && healthy.contains(&answer.port())
        }
        _ => false,
    };
    let advice = if another {
        "That instance is healthy, and it is the turn of another one: the turns go round the healthy \
         instances in the order of the list."
    } else {
        advice
    };
    let report = report.detail(format!("turn {turn} expected"), words(&expected));
    case.fail(report.detail("your answer", words(&answer)).advice(advice));
}

fn at(port: u16) -> Result<SocketAddr, NoInstance> {
    Ok(SocketAddr::from(([127, 0, 0, 1], port)))
}

// The belief of this exercise.
#[test]
fn a_no_such_service() {
    case("No instance of this name is registered", |case| {
        let advice = "The list is empty. That is an answer of Consul, and the caller gets an error that says so.";
        let none = Err(NoInstance::NoSuchService);
        expect(case, &[], 0, none.clone(), advice);
        expect(case, &[], 7, none, advice);
    });
}

#[test]
fn b_none_is_healthy() {
    case("Two instances are registered, both critical", |case| {
        let entries = [entry("ben", 2, &[Critical]), entry("ada", 1, &[Critical])];
        let ids = ["ben", "ada"].map(str::to_string).to_vec();
        let mut gone = entry("ada", 1, &[Critical]);
        gone.node_checks = vec![Critical];
        let advice = match choose(&entries, 0) {
            Ok(_) if choose(&[gone], 0).is_err() => {
                "Your code returns a critical instance if another check passes, as that of the node does here. Every \
                 check has to pass."
            }
            Ok(_) => {
                "That instance is critical. It is still on the list because no program has deregistered it, and \
                 that does not make it healthy."
            }
            Err(NoInstance::NoSuchService) => {
                "Two instances of this name are registered, so the service exists."
            }
            Err(NoInstance::NoneHealthy(_)) => "All ids, in the order of the list.",
        };
        expect(case, &entries, 0, Err(NoInstance::NoneHealthy(ids)), advice);
    });
}

#[test]
fn c_all_checks_count() {
    case(
        "The first instance accepts connections, and reports NOT_SERVING",
        |case| {
            let entries = [
                entry("ada", 1, &[Passing, Critical]),
                entry("ben", 2, &[Passing, Passing]),
                entry("cem", 3, &[Passing]),
            ];
            for (turn, port) in [(0, 2), (1, 3), (2, 2), (usize::MAX, 3)] {
                let advice = match choose(&entries, turn) {
                    Ok(_) => {
                        "One of the two checks of that instance fails. Consul would not list it for `?passing`."
                    }
                    Err(_) => "All checks of `ben` and `cem` pass, so these two are healthy.",
                };
                expect(case, &entries, turn, at(port), advice);
            }
        },
    );
}

#[test]
fn d_a_warning_is_not_passing() {
    case(
        "The check of the first instance is in state warning",
        |case| {
            let entries = [entry("ada", 1, &[Warning]), entry("ben", 2, &[Passing])];
            let advice = "That instance is in state warning, for example because it answers 429. `?passing` leaves \
                      it out.";
            expect(case, &entries, 0, at(2), advice);
        },
    );
}

#[test]
fn e_without_checks() {
    case("An instance was registered without checks", |case| {
        let advice = "It has no check that could fail, so Consul lists it for `?passing`.";
        expect(case, &[entry("ada", 1, &[])], 0, at(1), advice);
    });
}

#[test]
fn f_the_node_is_critical() {
    case(
        "The checks of the first instance pass, the check of its node fails",
        |case| {
            let mut gone = entry("ada", 1, &[Passing]);
            gone.node_checks = vec![Passing, Critical];
            let entries = [gone, entry("ben", 2, &[Passing])];
            let advice = "The machine of that instance is critical. When a machine dies, no agent is left on it that \
                      could turn its services' checks critical, so the node's checks count for all of them.";
            expect(case, &entries, 0, at(2), advice);
        },
    );
}

#[test]
fn g_the_address_of_the_node() {
    case("An instance has no address of its own", |case| {
        let mut plain = entry("ada", 7, &[Passing]);
        plain.address = None;
        let advice = "Without an address of its own an instance has the address of its node.";
        let there = SocketAddr::from(([10, 0, 0, 1], 7));
        expect(case, &[plain], 3, Ok(there), advice);
    });
}

#[test]
fn h_the_ids_of_all() {
    case(
        "Three instances are registered: one critical, one in state warning, one on a critical node",
        |case| {
            let mut gone = entry("cem", 3, &[Passing]);
            gone.node_checks = vec![Critical];
            let entries = [
                entry("ben", 2, &[Critical]),
                entry("ada", 1, &[Passing, Warning]),
                gone,
            ];
            let ids = ["ben", "ada", "cem"].map(str::to_string).to_vec();
            let advice = "The ids of all instances that are not healthy, in the order of the list.";
            expect(case, &entries, 4, Err(NoInstance::NoneHealthy(ids)), advice);
        },
    );
}
