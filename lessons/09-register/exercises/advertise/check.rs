//! The check of `advertise`. It plays the caller on another machine, who has nothing but what was
//! registered.

mod exercise;
mod given;

use std::net::{IpAddr, SocketAddr};

use exercise::{Facts, Nowhere, advertised};
use services::testkit::{Case, case};

type Answer = Result<SocketAddr, Nowhere>;

fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

fn facts(asked: &str, bound: &str, cards: &[&str], wanted: Option<&str>) -> Facts {
    Facts {
        asked: asked.parse().expect("an address"),
        bound: bound.parse().expect("an address"),
        cards: cards.iter().map(|card| ip(card)).collect(),
        wanted: wanted.map(str::to_string),
    }
}

fn words(answer: &Answer) -> String {
    match answer {
        Ok(place) => place.to_string(),
        Err(Nowhere::OnlyHere) => "OnlyHere".to_string(),
        Err(Nowhere::Which(cards)) => {
            let cards: Vec<String> = cards.iter().map(IpAddr::to_string).collect();
            format!("Which: {}", cards.join(", "))
        }
        Err(Nowhere::Unusable(text)) => format!("Unusable: {text}"),
    }
}

/// Fails unless the answer is the expected one; says what the caller meets who dials it.
fn expect(case: &Case, facts: &Facts, expected: Answer, advice: &str) {
    let answer = advertised(facts);
    if answer == expected {
        return;
    }
    let cards: Vec<String> = facts.cards.iter().map(IpAddr::to_string).collect();
    let mut report = case
        .report()
        .detail("asked for", facts.asked.to_string())
        .detail("bound to", facts.bound.to_string())
        .detail("cards", cards.join(", "));
    if let Some(wanted) = &facts.wanted {
        report = report.detail("--advertise", wanted);
    }
    report = report
        .detail("expected", words(&expected))
        .detail("you registered", words(&answer));
    if let Ok(place) = answer {
        report = report.detail("a caller dials it", dialled(facts, place));
    }
    case.fail(report.advice(advice));
}

/// What a caller on another machine meets.
fn dialled(facts: &Facts, place: SocketAddr) -> &'static str {
    let here = place.ip();
    if here.is_unspecified() || here.is_loopback() {
        "and reaches its own machine: connection refused"
    } else if place.port() == 0 {
        "port 0: refused before a byte is sent"
    } else if facts.wanted.is_some() {
        "past the proxy that stands in front"
    } else if facts.bound.ip().is_ipv4() && here.is_ipv6() {
        "no program listens there on IPv6: connection refused"
    } else if here.is_ipv4() && here.to_string().starts_with("169.254.") {
        "no route to it: that address is valid on one cable only"
    } else if place.port() != facts.bound.port() {
        "no program listens on that port: connection refused"
    } else {
        "and waits"
    }
}

fn at(text: &str) -> Answer {
    Ok(text.parse().expect("an address"))
}

// The belief of this exercise. Each caller has a 0.0.0.0 of its own.
#[test]
fn a_all_addresses_are_none() {
    case(
        "A service that listens on all addresses of its machine",
        |case| {
            let facts = facts(
                "0.0.0.0:8080",
                "0.0.0.0:8080",
                &["127.0.0.1", "10.0.0.7"],
                None,
            );
            let advice = "0.0.0.0 means all addresses of the own machine. A caller that dials it reaches its own \
                      machine.";
            expect(case, &facts, at("10.0.0.7:8080"), advice);
        },
    );
}

#[test]
fn b_the_port_is_the_one_it_got() {
    case("A service that has asked for any free port", |case| {
        let facts = facts(
            "10.0.0.7:0",
            "10.0.0.7:41234",
            &["127.0.0.1", "10.0.0.7"],
            None,
        );
        let advice = "Port 0 asks for any free port. The listener has the port that it got, and that one is registered.";
        expect(case, &facts, at("10.0.0.7:41234"), advice);
    });
}

#[test]
fn b_the_server_has_chosen_a_card() {
    case("A service that listens on one of two cards", |case| {
        let cards = ["127.0.0.1", "172.17.0.1", "10.0.0.7"];
        let facts = facts("10.0.0.7:8080", "10.0.0.7:8080", &cards, None);
        let advice = "The service is bound to one address, so only that one leads to it.";
        expect(case, &facts, at("10.0.0.7:8080"), advice);
    });
}

#[test]
fn c_loopback_is_only_here() {
    case("A service that listens on 127.0.0.1", |case| {
        let advice = "What is bound to a loopback address can be reached from this machine alone. Each \
                      caller would dial itself; and no other address leads to it either.";
        for bound in ["127.0.0.1:8080", "127.0.0.2:8080", "[::1]:8080"] {
            let facts = facts(bound, bound, &["127.0.0.1", "10.0.0.7"], None);
            expect(case, &facts, Err(Nowhere::OnlyHere), advice);
        }
    });
}

#[test]
fn d_somebody_knows_better() {
    case("A service behind a proxy", |case| {
        let cards = ["127.0.0.1", "172.17.0.2"];
        for (wanted, expected) in [
            ("203.0.113.5:31000", "203.0.113.5:31000"),
            ("203.0.113.5", "203.0.113.5:8080"),
            ("2001:db8::5", "[2001:db8::5]:8080"),
            ("[2001:db8::5]:31000", "[2001:db8::5]:31000"),
        ] {
            for bound in ["0.0.0.0:8080", "127.0.0.1:8080", "172.17.0.2:8080"] {
                let facts = facts(bound, bound, &cards, Some(wanted));
                let advice = match (advertised(&facts), at(expected)) {
                    (Ok(answer), Ok(expected)) if answer.ip() == expected.ip() => {
                        "The program cannot know its outside address. `--advertise` comes first, and without a port it \
                         has the bound one."
                    }
                    _ => {
                        "`--advertise` comes first: callers reach the service there, whatever it is bound to."
                    }
                };
                expect(case, &facts, at(expected), advice);
            }
        }
    });
}

#[test]
fn e_not_everything_that_is_wanted_works() {
    case("An address that no caller can dial is advertised", |case| {
        let advice = "It would be registered and found, and each call to it would fail. An error at the start \
                      shows it to the operator.";
        for wanted in [
            "0.0.0.0",
            "::",
            "127.0.0.1:8080",
            "::1",
            "10.0.0.7:0",
            "my host",
            "",
        ] {
            let facts = facts("0.0.0.0:8080", "0.0.0.0:8080", &["10.0.0.7"], Some(wanted));
            expect(
                case,
                &facts,
                Err(Nowhere::Unusable(wanted.to_string())),
                advice,
            );
        }
    });
}

#[test]
fn f_two_cards_are_a_question() {
    case("A machine with two networks", |case| {
        let cards = ["127.0.0.1", "172.17.0.1", "10.0.0.7"];
        let facts = facts("0.0.0.0:8080", "0.0.0.0:8080", &cards, None);
        let which = Nowhere::Which(vec![ip("172.17.0.1"), ip("10.0.0.7")]);
        let advice = "172.17.0.1 is a bridge to containers here, and the network on another machine. No rule is right for \
                      both.";
        expect(case, &facts, Err(which), advice);
    });
}

#[test]
fn g_not_every_card_counts() {
    case(
        "A machine whose cards have more than one kind of address",
        |case| {
            let cards = [
                "127.0.0.1",
                "::1",
                "169.254.7.7",
                "fe80::7",
                "10.0.0.7",
                "2001:db8::7",
            ];
            let both = vec![ip("10.0.0.7"), ip("2001:db8::7")];
            let advice = "A loopback address is this machine, and a link-local one is this cable. 0.0.0.0 accepts \
                      IPv4 only.";
            let four = facts("0.0.0.0:8080", "0.0.0.0:8080", &cards, None);
            expect(case, &four, at("10.0.0.7:8080"), advice);
            let six = facts("[::]:8080", "[::]:8080", &cards, None);
            expect(case, &six, Err(Nowhere::Which(both)), advice);
            let none = facts(
                "0.0.0.0:8080",
                "0.0.0.0:8080",
                &["127.0.0.1", "169.254.7.7"],
                None,
            );
            expect(case, &none, Err(Nowhere::OnlyHere), advice);
        },
    );
}
