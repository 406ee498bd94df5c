//! The check of `consul-away`: Consul is a variable, and the time is an argument.

mod exercise;
mod given;

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use exercise::{Discovery, FRESH, Found, NotFound, PAUSE, Unavailable};
use services::testkit::{Case, View, case};

/// What Consul answers, and the names it was asked for.
#[derive(Default)]
struct Consul {
    /// The ports of `greeter`; `None` while Consul is unavailable. No other name has an instance.
    ports: Option<Vec<u16>>,
    asked: Vec<String>,
}

fn addr(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

type Query = Box<dyn FnMut(&str) -> Result<Vec<SocketAddr>, Unavailable>>;

/// Consul and the learner's client of it.
struct World<'c> {
    case: &'c Case,
    consul: Rc<RefCell<Consul>>,
    discovery: Discovery<Query>,
}

impl World<'_> {
    fn new<'c>(case: &'c Case, ports: &[u16]) -> World<'c> {
        let consul = Rc::new(RefCell::new(Consul {
            ports: Some(ports.to_vec()),
            asked: Vec::new(),
        }));
        let asked = Rc::clone(&consul);
        let query: Query = Box::new(move |name| {
            let mut consul = asked.borrow_mut();
            consul.asked.push(name.to_string());
            let ports = consul.ports.clone().ok_or(Unavailable)?;
            let ports = if name == "greeter" { ports } else { Vec::new() };
            Ok(ports.into_iter().map(addr).collect())
        });
        World {
            case,
            consul,
            discovery: Discovery::new(query),
        }
    }

    /// From now on Consul lists these ports; `None`: it is unavailable.
    fn becomes(&self, ports: Option<&[u16]>) {
        self.consul.borrow_mut().ports = ports.map(<[u16]>::to_vec);
    }

    fn find(&mut self, name: &str, second: f64) -> Result<Found, NotFound> {
        self.discovery.find(name, Duration::from_secs_f64(second))
    }

    /// Finds `name`, and fails unless the outcome is this one.
    #[track_caller]
    fn expect(
        &mut self,
        name: &str,
        second: f64,
        expected: Result<(&[u16], f64), NotFound>,
        advice: &str,
    ) {
        let found = self.find(name, second);
        let expected = expected.map(|(ports, age)| Found {
            addrs: ports.iter().copied().map(addr).collect(),
            age: Duration::from_secs_f64(age),
        });
        if found != expected {
            let report = self.case.report();
            let report = report.detail(
                format!("`{name}` at second {second}, expected"),
                words(&expected),
            );
            let report = report.detail("your answer", words(&found));
            self.case.fail(report.advice(advice));
        }
    }

    /// Fails unless Consul was asked so often since the last time.
    #[track_caller]
    fn expect_queries(&self, expected: usize, during: &str, advice: &str) {
        let asked = std::mem::take(&mut self.consul.borrow_mut().asked);
        if asked.len() != expected {
            let expected = queries(expected);
            let names = match asked.len() {
                1..=5 => format!(", for {}", asked.join(", ")),
                _ => String::new(),
            };
            let report = self.case.report().detail("during", during);
            let report = report.detail("expected", expected);
            let report = report.detail("your answer", queries(asked.len()) + &names);
            self.case.fail(report.advice(advice));
        }
    }
}

/// How many queries a second call makes so many seconds after the first, when Consul has answered like this.
fn queries_after(case: &Case, answer: Option<&[u16]>, seconds: f64) -> usize {
    let mut world = World::new(case, &[]);
    world.becomes(answer);
    let _ = world.find("greeter", 0.0);
    world.consul.borrow_mut().asked.clear();
    let _ = world.find("greeter", seconds);
    world.consul.borrow().asked.len()
}

fn queries(count: usize) -> String {
    match count {
        1 => "1 query to Consul".to_string(),
        count => format!("{count} queries to Consul"),
    }
}

fn words(answer: &Result<Found, NotFound>) -> String {
    match answer {
        Ok(found) => {
            let ports = found.addrs.iter().map(|addr| addr.port().to_string());
            let ports = ports.collect::<Vec<_>>().join(", ");
            format!("ports {ports}, age {}", found.age.view())
        }
        Err(not_found) => format!("NotFound::{not_found:?}"),
    }
}

// The belief of this exercise.
#[test]
fn a_the_last_list_counts() {
    case(
        "Consul becomes unavailable; a call comes 11 s after its last answer",
        |case| {
            let mut world = World::new(case, &[1, 2]);
            let advice = "Consul answers, and lists these two.";
            world.expect("greeter", 0.0, Ok((&[1, 2], 0.0)), advice);
            world.becomes(None);
            let found = world.find("greeter", 11.0);
            let addrs = found.as_ref().map(|found| found.addrs.clone());
            if addrs != Ok(vec![addr(1), addr(2)]) {
                let advice = "The greeters are healthy, and the call failed because Consul is unavailable. The last \
                          list is kept for this case.";
                case.differ("ports 1, 2", words(&found), advice);
            }
        },
    );
}

#[test]
fn b_the_age_of_the_list() {
    case("Consul is unavailable for an hour", |case| {
        let mut world = World::new(case, &[1, 2]);
        let _ = world.find("greeter", 0.0);
        world.becomes(None);
        for age in [4.0, 11.0, 20.0, 40.0, 3600.0] {
            let advice = match world.find("greeter", age) {
                Err(_) => {
                    "The list is old, and nothing newer has taken its place, so it still counts."
                }
                Ok(_) => {
                    "The age is the time since Consul answered with the list. A failed query makes no list \
                     newer."
                }
            };
            world.expect("greeter", age, Ok((&[1, 2], age)), advice);
        }
    });
}

#[test]
fn c_an_empty_list_is_an_answer() {
    case(
        "The last greeter deregisters, and then Consul becomes unavailable",
        |case| {
            let mut world = World::new(case, &[1]);
            let _ = world.find("greeter", 0.0);
            world.becomes(Some(&[]));
            world.consul.borrow_mut().asked.clear();
            let found = world.find("greeter", 10.0);
            let advice = match found {
                Ok(found) if found.addrs.is_empty() => {
                    "Consul lists no instance: that is `NotFound::NoInstance`, not a list of none."
                }
                _ if world.consul.borrow().asked.is_empty() => {
                    "The list is 10 s old and no longer fresh, and Consul was not asked."
                }
                _ => {
                    "Consul has answered with an empty list. That answer replaces the old list; the instance on it has \
                     deregistered."
                }
            };
            world.expect("greeter", 10.0, Err(NotFound::NoInstance), advice);
            world.consul.borrow_mut().asked.clear();
            for second in [10.5, 12.0, 19.5] {
                world.expect("greeter", second, Err(NotFound::NoInstance), advice);
            }
            let advice = match queries_after(case, Some(&[1]), 5.0) {
                0 => "An empty list is fresh for 10 s, as every answer of Consul is.",
                _ => {
                    "An answer of Consul is fresh for 10 s, whatever it is: Consul is not asked meanwhile."
                }
            };
            world.expect_queries(0, "three calls within 10 s of the empty list", advice);
            world.becomes(None);
            let advice = "The last answer of Consul was the empty list, and it still counts.";
            world.expect("greeter", 25.0, Err(NotFound::NoInstance), advice);
        },
    );
}

#[test]
fn d_each_name_has_its_own_list() {
    case(
        "Calls to three names; Consul knows instances of one of them",
        |case| {
            let mut world = World::new(case, &[1]);
            let _ = world.find("greeter", 0.0);
            let advice = "The query is for `clock`, and Consul has no instance of it. The list of `greeter` says nothing \
                      about it.";
            world.expect("clock", 1.0, Err(NotFound::NoInstance), advice);
            world.becomes(None);
            let advice = "Consul has never answered a query for `lamp`, so it is unknown whether it has instances.";
            world.expect("lamp", 2.0, Err(NotFound::Unknown), advice);
            let advice = "The list of `greeter` still counts. A failed query for another name does not change it.";
            world.expect("greeter", 3.0, Ok((&[1], 3.0)), advice);
        },
    );
}

#[test]
fn e_one_query_for_many_calls() {
    case("A hundred calls within 10 s", |case| {
        let mut world = World::new(case, &[1]);
        for call in 0..100 {
            let _ = world.find("greeter", f64::from(call) / 10.0);
        }
        let advice = "An answer is fresh for 10 s. While it is, Consul is not asked.";
        world.expect_queries(1, "100 calls in 9.9 s", advice);
        let _ = world.find("greeter", FRESH.as_secs_f64());
        let advice =
            "The answer is 10 s old, so it is not fresh any more, and Consul can give a newer one.";
        world.expect_queries(1, "the next call, at second 10", advice);
    });
}

#[test]
fn f_a_pause_after_a_failure() {
    case(
        "Consul is unavailable, and a hundred calls come within a second",
        |case| {
            let mut world = World::new(case, &[1]);
            let _ = world.find("greeter", 0.0);
            world.becomes(None);
            world.consul.borrow_mut().asked.clear();
            for call in 0..100 {
                let _ = world.find("greeter", 11.0 + f64::from(call) / 101.0);
            }
            let advice = "Each of these queries cost its caller a second or two, for nothing. After a failed query \
                      Consul is not asked for 1 s.";
            world.expect_queries(1, "100 calls in 0.98 s", advice);
            let _ = world.find("greeter", 12.0);
            let advice = match queries_after(case, None, 1.5) {
                0 => "The pause of 1 s is over, so Consul is asked again.",
                _ => "The pause is 1 s long, and not longer: this call asks.",
            };
            world.expect_queries(1, "the next call, 1 s after the failure", advice);
        },
    );
}

#[test]
fn g_the_pause_is_for_all_names() {
    case(
        "Consul is unavailable, and calls to many names come within a second",
        |case| {
            let mut world = World::new(case, &[1]);
            world.becomes(None);
            for number in 0..50 {
                let name = format!("service-{number}");
                let second = f64::from(number) / 100.0;
                let advice = "Consul has never answered a query for this name.";
                world.expect(&name, second, Err(NotFound::Unknown), advice);
            }
            let advice = "The first query has shown that Consul is unavailable, for all names. Each further query cost its \
                      caller a second or two.";
            world.expect_queries(1, "calls to 50 names in 0.49 s", advice);
        },
    );
}

#[test]
fn h_consul_is_back() {
    case(
        "Consul is unavailable for some seconds, and comes back with another list",
        |case| {
            let mut world = World::new(case, &[1]);
            let _ = world.find("greeter", 0.0);
            world.becomes(None);
            let _ = world.find("greeter", 11.0);
            let _ = world.find("greeter", 13.0);
            world.becomes(Some(&[7]));
            let second = 13.0 + PAUSE.as_secs_f64();
            let advice = "The pause after a failure is 1 s. It is over, Consul answers again, and its list is the newer \
                      one.";
            world.expect("greeter", second, Ok((&[7], 0.0)), advice);
        },
    );
}

#[test]
fn i_a_success_ends_the_pause() {
    case(
        "A query fails, the next one succeeds, and another name is called",
        |case| {
            let mut world = World::new(case, &[1]);
            world.becomes(None);
            let _ = world.find("greeter", 0.0);
            world.becomes(Some(&[1]));
            let _ = world.find("greeter", 1.0);
            let advice = "Consul has answered the last query, so there is no reason to wait before the next one.";
            world.expect("clock", 1.5, Err(NotFound::NoInstance), advice);
        },
    );
}
