//! The check of `lease-revoke`. The check plays the store and its clock.

mod exercise;
mod given;

use std::cell::RefCell;
use std::future::pending;
use std::time::Duration;

use exercise::{LeaseError, LeaseStore, Revoked, revoke};
use services::testkit::driven::{self, Clock, Stuck};
use services::testkit::{Case, View, case};

const SECOND: Duration = Duration::from_secs(1);
const TICK: Duration = Duration::from_millis(20);
const ID: u64 = 407;

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Answered,
    /// The request does not reach the store.
    Fails,
    /// The store revokes the lease, and the reply is an error of the connection.
    ReplyLost,
    NoReply,
}
use Outcome::{Answered, Fails, NoReply, ReplyLost};

struct Store {
    clock: Clock,
    outcome: Box<dyn Fn(usize, Duration) -> Outcome>,
    /// From which time on there is no such lease.
    gone: RefCell<Option<Duration>>,
    calls: RefCell<Vec<(Duration, u64)>>,
}

impl Store {
    fn new(outcome: impl Fn(usize, Duration) -> Outcome + 'static) -> Self {
        Store {
            clock: Clock::new(),
            outcome: Box::new(outcome),
            gone: RefCell::default(),
            calls: RefCell::default(),
        }
    }
}

impl LeaseStore for Store {
    async fn revoke(&self, id: u64) -> Result<(), LeaseError> {
        let now = self.clock.now();
        self.calls.borrow_mut().push((now, id));
        let number = self.calls.borrow().len();
        let outcome = (self.outcome)(number, now);
        if outcome == NoReply {
            pending::<()>().await;
        }
        self.clock.sleep(TICK).await;
        if outcome == Fails {
            return Err(LeaseError::Unavailable);
        }
        let there = id == ID && self.gone.borrow().is_none();
        if there {
            *self.gone.borrow_mut() = Some(self.clock.now());
        }
        match outcome {
            ReplyLost => Err(LeaseError::Unavailable),
            _ if there => Ok(()),
            _ => Err(LeaseError::NotFound),
        }
    }

    async fn sleep(&self, time: Duration) {
        self.clock.sleep(time).await;
    }
}

/// Runs the learner's `revoke`; the result, and when it came.
#[track_caller]
fn run(case: &Case, store: &Store) -> (Revoked, Duration) {
    match driven::run(&store.clock, SECOND * 60, revoke(store, ID)) {
        Ok(revoked) => (revoked, store.clock.now()),
        Err(stuck) => {
            let calls = store.calls.borrow().len();
            let advice = match stuck {
                Stuck::Forever => {
                    "A call stays without a reply. Give each call up after 1 s, with `within`."
                }
                Stuck::Late => {
                    "The store stays unavailable, and the service still waits for it. `LIMIT` is for all attempts together."
                }
                Stuck::Busy => "It loops without `sleep`, so time does not pass.",
            };
            let answer = format!("`revoke` has not returned after 60 s; calls: {calls}");
            case.differ("`revoke` returns after 5 s at the latest", answer, advice)
        }
    }
}

/// Fails unless it has ended so, not later than that.
#[track_caller]
fn expect(case: &Case, store: &Store, expected: Revoked, by: Duration, advice: &str) {
    let (revoked, at) = run(case, store);
    let calls: Vec<Duration> = store.calls.borrow().iter().map(|call| call.0).collect();
    // A call without a reply takes a second, and the pause after it another one.
    let too_long = |pair: &[Duration]| pair[1] - pair[0] > SECOND * 2 + TICK * 2;
    if calls.windows(2).any(too_long) {
        let answer = calls
            .iter()
            .map(|at| at.view())
            .collect::<Vec<_>>()
            .join(", ");
        let advice = "The pause after `Unavailable` is too long: the limit of 5 s has room for more calls than these.";
        case.differ(
            "pauses of 1 s at most",
            format!("calls at {answer}"),
            advice,
        );
    }
    if revoked != expected || at > by {
        let answer = format!(
            "{revoked:?} at {}; {}",
            at.view(),
            count(store.calls.borrow().len())
        );
        let expected = format!("{expected:?} at {} at the latest", by.view());
        case.differ(expected, answer, advice);
    }
}

fn count(calls: usize) -> String {
    match calls {
        1 => "1 call".to_string(),
        calls => format!("{calls} calls"),
    }
}

#[test]
fn a_one_call() {
    case("The store answers", |case| {
        let store = Store::new(|_, _| Answered);
        expect(
            case,
            &store,
            Revoked::Gone,
            SECOND / 10,
            "The first call has succeeded.",
        );
        let calls = store.calls.borrow();
        if calls.len() != 1 || calls[0].1 != ID {
            let advice = "One successful call is enough, with the id of the lease.";
            case.differ(
                "1 call",
                format!("{}: {calls:?}", count(calls.len())),
                advice,
            );
        }
    });
}

#[test]
fn b_a_request_is_lost() {
    case("The first three requests fail", |case| {
        let store = Store::new(|number, _| if number <= 3 { Fails } else { Answered });
        let advice =
            "A request was lost, and the entry stays listed until its lease ends. Repeat the call.";
        expect(case, &store, Revoked::Gone, SECOND * 4, advice);
    });
}

#[test]
fn c_a_reply_is_lost() {
    case(
        "The store revokes the lease, and its reply is lost",
        |case| {
            let store = Store::new(|number, _| if number == 1 { ReplyLost } else { Answered });
            let advice = "The second call finds no lease, because the first one has revoked it. `NotFound` says that the lease is \
                      gone.";
            expect(case, &store, Revoked::Gone, SECOND * 2, advice);
            let calls = store.calls.borrow().len();
            if calls != 2 {
                let advice = "`NotFound` is an answer: no further call is needed.";
                case.differ("2 calls", count(calls), advice);
            }
        },
    );
}

#[test]
fn d_no_reply() {
    for silent in [1, 2] {
        case("One call stays without a reply", |case| {
            let store = Store::new(move |number, _| match number {
                number if number == silent => NoReply,
                1 => Fails,
                _ => Answered,
            });
            let advice = "One call stayed without a reply. Give it up after 1 s and repeat it: the store answers the next one.";
            let by = SECOND * 3 + SECOND / 10;
            expect(case, &store, Revoked::Gone, by, advice);
            let calls = store.calls.borrow();
            let calls: Vec<Duration> = calls.iter().map(|(at, _)| *at).collect();
            let gap = calls[silent] - calls[silent - 1];
            if !(SECOND..=SECOND * 2).contains(&gap) {
                let answer = format!("the next call came {} later", gap.view());
                let advice =
                    "A call is given up after 1 s. The pause before the next call is 0.2 s to 1 s.";
                case.differ(
                    "the next call at most 2 s after the lost one, and 1 s at least",
                    answer,
                    advice,
                );
            }
        });
    }
}

#[test]
fn e_unavailable_until_the_end() {
    for outcome in [NoReply, Fails] {
        case(
            &format!("The store stays unavailable: {outcome:?}"),
            |case| {
                let store = Store::new(move |_, _| outcome);
                let (revoked, at) = run(case, &store);
                let answer = format!(
                    "{revoked:?} at {}, {}",
                    at.view(),
                    count(store.calls.borrow().len())
                );
                let soon = SECOND * 5..=SECOND * 5 + TICK;
                if revoked != Revoked::Unknown {
                    let advice = "The store has not said that the lease is gone.";
                    case.differ("Unknown at 5.0 s", answer, advice);
                } else if !soon.contains(&at) {
                    let advice =
                        "All attempts and pauses together may take 5 s, and they use this time.";
                    case.differ("Unknown at 5.0 s", answer, advice);
                }
                let calls = store.calls.borrow();
                let calls: Vec<Duration> = calls.iter().map(|(at, _)| *at).collect();
                if calls.len() > 25 {
                    let advice = match calls.len() {
                        26..100 => {
                            "The pause between two attempts is 0.2 s at least. This one is shorter."
                        }
                        _ => "Between two attempts there is a pause of 0.2 s at least.",
                    };
                    case.differ("at most 25 calls in 5 s", count(calls.len()), advice);
                }
                if outcome == NoReply && calls.len() < 3 {
                    let advice = "Each call is given up after 1 s, and repeated within 1 s.";
                    case.differ("3 calls or more in 5 s", count(calls.len()), advice);
                }
            },
        );
    }
}

#[test]
fn f_late() {
    case("The store answers again after 3.9 s", |case| {
        let late = Duration::from_millis(3_900);
        let store = Store::new(move |_, now| if now < late { Fails } else { Answered });
        let advice = "There is still time for another attempt before 5 s.";
        let by = SECOND * 5;
        expect(case, &store, Revoked::Gone, by, advice);
    });
}
