//! The check of `nobody-home`. Lists as Consul gives them, also those that nobody likes to get.

mod exercise;
mod given;

use std::net::{IpAddr, SocketAddr};

use exercise::State::{Critical, Passing, Warning};
use exercise::{Entry, NobodyHome, State, whom};
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

fn words(answer: &Result<SocketAddr, NobodyHome>) -> String {
    match answer {
        Ok(addr) => format!("call {addr}"),
        Err(nobody) => format!("{nobody:?}"),
    }
}

#[track_caller]
fn expect(
    case: &Case,
    entries: &[Entry],
    turn: usize,
    expected: Result<SocketAddr, NobodyHome>,
    advice: &str,
) {
    let answer = whom(entries, turn);
    if answer != expected {
        let listed = entries
            .iter()
            .map(|entry| format!("{} {:?}", entry.id, entry.checks));
        let listed = listed.collect::<Vec<_>>().join(", ");
        let report = case.report().detail("on the list", listed);
        let report = report.detail(format!("turn {turn} expected"), words(&expected));
        case.fail(report.detail("your answer", words(&answer)).advice(advice));
    }
}

fn at(port: u16) -> Result<SocketAddr, NobodyHome> {
    Ok(SocketAddr::from(([127, 0, 0, 1], port)))
}

// The belief of this exercise. On the day on which it matters the list is empty.
#[test]
fn a_nobody_of_this_name() {
    case("No healthy greeter: the list is empty", |case| {
        let advice =
            "The list is empty. That is an answer, and the caller has to hear it in words.";
        let nobody = Err(NobodyHome::NoSuchService);
        expect(case, &[], 0, nobody.clone(), advice);
        expect(case, &[], 7, nobody, advice);
    });
}

#[test]
fn b_nobody_is_well() {
    case("Two are on the list, both critical", |case| {
        let entries = [entry("ada", 1, &[Critical]), entry("ben", 2, &[Critical])];
        let ids = vec!["ada".to_string(), "ben".to_string()];
        let advice = "Its check is critical. It is on the list because nobody has taken it off, and that \
                      is no reason to call it.";
        expect(
            case,
            &entries,
            0,
            Err(NobodyHome::NobodyIsWell(ids)),
            advice,
        );
    });
}

#[test]
fn c_all_checks_count() {
    case(
        "The first accepts connections and says NOT_SERVING",
        |case| {
            let entries = [
                entry("ada", 1, &[Passing, Critical]),
                entry("ben", 2, &[Passing, Passing]),
                entry("cem", 3, &[Passing]),
            ];
            let advice = "An open port and a sick service: one of the two checks fails, so Consul would not \
                      have given this one for `?passing`.";
            for (turn, port) in [(0, 2), (1, 3), (2, 2), (usize::MAX, 3)] {
                expect(case, &entries, turn, at(port), advice);
            }
        },
    );
}

#[test]
fn d_a_warning_is_no_pass() {
    case("The first says warning", |case| {
        let entries = [entry("ada", 1, &[Warning]), entry("ben", 2, &[Passing])];
        let advice = "It answers, and asks for mercy (429 is such a warning). Who asks for `?passing` does \
                      not get it.";
        expect(case, &entries, 0, at(2), advice);
    });
}

#[test]
fn e_without_checks_nothing_fails() {
    case("One that was registered without checks", |case| {
        let advice = "It has nothing that could fail, so Consul calls it passing. That is why a \
                      registration without checks is a promise for ever.";
        expect(case, &[entry("ada", 1, &[])], 0, at(1), advice);
    });
}

#[test]
fn f_a_dead_machine_has_no_healthy_services() {
    case("The checks pass; the machine under them does not", |case| {
        let mut gone = entry("ada", 1, &[Passing]);
        gone.node_checks = vec![Critical];
        let entries = [gone, entry("ben", 2, &[Passing])];
        let advice = "The machine is dead, and nobody is left there who could turn its services' \
                      checks red. Its own check counts for all of them.";
        expect(case, &entries, 0, at(2), advice);
    });
}

#[test]
fn g_without_an_address_it_is_where_its_node_is() {
    case("One that has said no address", |case| {
        let mut plain = entry("ada", 7, &[Passing]);
        plain.address = None;
        let advice = "No address of its own means that of the node.";
        let there = SocketAddr::from(([10, 0, 0, 1], 7));
        expect(case, &[plain], 3, Ok(there), advice);
    });
}
