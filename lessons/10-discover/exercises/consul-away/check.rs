//! The check of `consul-away`. Consul is a variable, and the time is an argument.

mod exercise;
mod given;

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use exercise::{Away, FRESH, Found, Nobody, PhoneBook, REST};
use services::testkit::{Case, View, case};

/// What Consul would say, and how often it was asked.
#[derive(Default)]
struct Consul {
    home: Option<Vec<u16>>,
    asked: usize,
}

fn addr(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

type Shared = Rc<RefCell<Consul>>;
type Ask = Box<dyn FnMut(&str) -> Result<Vec<SocketAddr>, Away>>;

/// A phone book; `greeter` is at these ports, and nobody has another name.
fn book(ports: &[u16]) -> (Shared, PhoneBook<Ask>) {
    let consul = Rc::new(RefCell::new(Consul {
        home: Some(ports.to_vec()),
        asked: 0,
    }));
    let asked = Rc::clone(&consul);
    let ask: Ask = Box::new(move |name| {
        let mut consul = asked.borrow_mut();
        consul.asked += 1;
        let ports = consul.home.clone().ok_or(Away)?;
        let ports = if name == "greeter" { ports } else { Vec::new() };
        Ok(ports.into_iter().map(addr).collect())
    });
    (consul, PhoneBook::new(ask))
}

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

fn words(answer: &Result<Found, Nobody>) -> String {
    match answer {
        Ok(found) => {
            let ports = found.addrs.iter().map(|addr| addr.port().to_string());
            let ports = ports.collect::<Vec<_>>().join(", ");
            format!("ports {ports}, as of {} ago", found.age.view())
        }
        Err(nobody) => format!("Nobody::{nobody:?}"),
    }
}

#[track_caller]
fn expect(
    case: &Case,
    answer: &Result<Found, Nobody>,
    expected: &Result<(Vec<u16>, f64), Nobody>,
    advice: &str,
) {
    let expected = expected.clone().map(|(ports, age)| Found {
        addrs: ports.into_iter().map(addr).collect(),
        age: seconds(age),
    });
    if *answer != expected {
        case.differ(words(&expected), words(answer), advice);
    }
}

// The belief of this exercise. The registry is a phone book: who has looked up a number can call
// although the book has been taken away.
#[test]
fn a_the_services_do_not_end_with_consul() {
    case(
        "Consul goes away; 11 s later somebody wants to call",
        |case| {
            let (consul, mut book) = book(&[1, 2]);
            let _ = book.find("greeter", seconds(0.0));
            consul.borrow_mut().home = None;
            let advice = "The service is healthy, and calls to it failed all the same: only Consul is away. \
                      Keep the last list.";
            let found = book.find("greeter", FRESH + seconds(1.0));
            let addrs = found.as_ref().map(|found| found.addrs.clone());
            if addrs != Ok(vec![addr(1), addr(2)]) {
                case.differ("ports 1, 2", words(&found), advice);
            }
        },
    );
}

#[test]
fn b_the_list_may_be_old_and_says_so() {
    case("Consul is away for an hour", |case| {
        let (consul, mut book) = book(&[1, 2]);
        let _ = book.find("greeter", seconds(0.0));
        consul.borrow_mut().home = None;
        for age in [4.0, 11.0, 20.0, 40.0, 3600.0] {
            let found = book.find("greeter", seconds(age));
            let advice = match found {
                Err(_) => {
                    "The list is old. Nothing better has taken its place, so it is the best there is."
                }
                Ok(_) => {
                    "The age is the time since Consul has told it. That you have tried to ask again \
                          makes no list newer."
                }
            };
            expect(case, &found, &Ok((vec![1, 2], age)), advice);
        }
    });
}

#[test]
fn c_nobody_home_is_an_answer() {
    case(
        "The last greeter leaves, and then Consul goes away",
        |case| {
            let (consul, mut book) = book(&[1]);
            let _ = book.find("greeter", seconds(0.0));
            consul.borrow_mut().home = Some(Vec::new());
            let advice = "Consul was there, and has said that nobody is home. That takes the place of the old \
                      list; calling who has left helps nobody.";
            let found = book.find("greeter", seconds(11.0));
            expect(case, &found, &Err(Nobody::IsHome), advice);
            consul.borrow_mut().home = None;
            let found = book.find("greeter", seconds(25.0));
            expect(case, &found, &Err(Nobody::IsHome), advice);
        },
    );
}

#[test]
fn d_each_name_has_a_list_of_its_own() {
    case("Somebody looks for a clock, which nobody has", |case| {
        let (consul, mut book) = book(&[1]);
        let _ = book.find("greeter", seconds(0.0));
        let advice = "What is known about the greeter says nothing about a clock: you were asked for another \
                      name.";
        let found = book.find("clock", seconds(1.0));
        expect(case, &found, &Err(Nobody::IsHome), advice);
        consul.borrow_mut().home = None;
        let found = book.find("lamp", seconds(2.0));
        let advice =
            "Consul was never reached about this name. That nobody is home is more than you know.";
        expect(case, &found, &Err(Nobody::Knows), advice);
        let found = book.find("greeter", seconds(3.0));
        expect(
            case,
            &found,
            &Ok((vec![1], 3.0)),
            "And what is known about the others is still true.",
        );
    });
}

#[test]
fn e_nobody_waits_for_consul_at_each_call() {
    case("A hundred calls within a second", |case| {
        let (consul, mut book) = book(&[1]);
        for call in 0..100 {
            let _ = book.find("greeter", seconds(f64::from(call) / 100.0));
        }
        let asked = consul.borrow().asked;
        let advice = "An answer is good for 10 s.";
        case.expect_eq(&"1 question", &format!("{asked} question").as_str(), advice);
        consul.borrow_mut().home = None;
        for call in 0..100 {
            let _ = book.find("greeter", seconds(11.0 + f64::from(call) / 101.0));
        }
        let asked = consul.borrow().asked - asked;
        if asked > 1 {
            let advice = "Consul is away. Each of these questions has cost its caller a second or two, for \
                          nothing: after a failure it is left alone for a second.";
            case.differ("1 question", format!("{asked} questions"), advice);
        }
    });
}

#[test]
fn f_consul_is_back() {
    case(
        "Consul is away for five seconds, and comes back with another list",
        |case| {
            let (consul, mut book) = book(&[1]);
            let _ = book.find("greeter", seconds(0.0));
            consul.borrow_mut().home = None;
            let _ = book.find("greeter", seconds(11.0));
            let _ = book.find("greeter", seconds(13.0));
            consul.borrow_mut().home = Some(vec![7]);
            let found = book.find("greeter", seconds(13.5) + REST);
            let advice = "A failure is no answer, and nothing that is good for 10 s: a second after it was back \
                      you could have known.";
            expect(case, &found, &Ok((vec![7], 0.0)), advice);
        },
    );
}
