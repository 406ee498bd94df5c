//! The check of `attempts`. It plays the store, the clock, and visitors of all kinds.

mod exercise;

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard};
use std::task::Poll;
use std::time::Duration;

use exercise::{Away, Limits, Store, allowed};
use services::testkit::driven::{self, Clock, Stuck};
use services::testkit::{Case, case};

/// Three answers for a session, and twenty for an address, within a minute.
const LIMITS: Limits = Limits {
    per_session: 3,
    per_address: 20,
    seconds: 60,
};

/// The same as numbers of attempts.
const EVERYBODY: u64 = LIMITS.per_address;
const PERSON: u64 = LIMITS.per_session;

const fn address(last: u8) -> IpAddr {
    IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, last))
}

/// The address of the class.
const HERE: IpAddr = address(7);

type Kept = BTreeMap<String, (String, Duration)>;

/// A store that several callers share: each step is a journey there, a moment in which it happens, and a
/// journey back.
struct TheStore {
    clock: Clock,
    away: bool,
    /// What is kept, and until when.
    kept: Mutex<Kept>,
}

impl TheStore {
    fn new() -> Self {
        TheStore {
            clock: Clock::new(),
            away: false,
            kept: Mutex::default(),
        }
    }

    /// What is there now.
    fn kept(&self) -> MutexGuard<'_, Kept> {
        let mut kept = self.kept.lock().unwrap();
        let now = self.clock.now();
        kept.retain(|_, (_, until)| *until > now);
        kept
    }

    async fn step<T>(&self, step: impl FnOnce(&mut Kept) -> T) -> Result<T, Away> {
        self.clock.sleep(Duration::from_millis(1)).await;
        if self.away {
            return Err(Away);
        }
        let done = step(&mut self.kept());
        self.clock.sleep(Duration::from_millis(1)).await;
        Ok(done)
    }

    fn until(&self, seconds: u64) -> Duration {
        self.clock.now() + Duration::from_secs(seconds)
    }
}

impl Store for TheStore {
    async fn keep(&self, key: &str, value: &str, seconds: u64) -> Result<(), Away> {
        self.step(|kept| {
            let until = self.until(seconds);
            kept.insert(key.to_string(), (value.to_string(), until));
        })
        .await
    }

    async fn keep_new(&self, key: &str, value: &str, seconds: u64) -> Result<Option<String>, Away> {
        self.step(|kept| {
            if let Some((there, _)) = kept.get(key) {
                return Some(there.clone());
            }
            let until = self.until(seconds);
            kept.insert(key.to_string(), (value.to_string(), until));
            None
        })
        .await
    }

    async fn look(&self, key: &str) -> Result<Option<String>, Away> {
        self.step(|kept| kept.get(key).map(|(value, _)| value.clone()))
            .await
    }

    async fn take(&self, key: &str) -> Result<Option<String>, Away> {
        self.step(|kept| kept.remove(key).map(|(value, _)| value))
            .await
    }

    async fn count(&self, key: &str, seconds: u64) -> Result<u64, Away> {
        self.step(|kept| {
            let first = ("0".to_string(), self.until(seconds));
            let (value, _) = kept.entry(key.to_string()).or_insert(first);
            let now = value.parse::<u64>().unwrap_or(0) + 1;
            *value = now.to_string();
            now
        })
        .await
    }
}

/// The check's own store is as its comment says, whichever of its steps an answer uses.
#[test]
fn z_the_store() {
    case("The store of the check", |case| {
        let store = TheStore::new();
        let steps = run(case, &store, async {
            let kept = store.keep("k", "1", 60).await;
            let there = store.look("k").await;
            (kept, there, store.count("k", 60).await)
        });
        assert_eq!(steps, (Ok(()), Ok(Some("1".to_string())), Ok(2)));
    });
}

/// Drives it to its end.
#[track_caller]
fn run<T>(case: &Case, store: &TheStore, future: impl Future<Output = T>) -> T {
    let end = store.clock.now() + Duration::from_secs(3600);
    driven::run(&store.clock, end, future).unwrap_or_else(|stuck| {
        let advice = match stuck {
            Stuck::Late | Stuck::Busy => "It asks the store again and again, and never answers.",
            Stuck::Forever => "It waits for something that nobody will ever do.",
        };
        case.differ("yes or no after a few steps", format!("{stuck:?}"), advice)
    })
}

/// One attempt; whether it may be made.
#[track_caller]
fn attempt(case: &Case, store: &TheStore, session: Option<&str>, address: IpAddr) -> bool {
    match run(case, store, allowed(store, session, address, &LIMITS)) {
        Ok(allowed) => allowed,
        Err(Away) => case.differ(
            "yes or no",
            "Err(Away)",
            "The store has answered each time.",
        ),
    }
}

/// How many of so many attempts may be made.
#[track_caller]
fn attempts<'a>(
    case: &Case,
    store: &TheStore,
    visits: impl IntoIterator<Item = (Option<&'a str>, IpAddr)>,
) -> u64 {
    let made = |(session, address)| u64::from(attempt(case, store, session, address));
    visits.into_iter().map(made).sum()
}

// The belief of this exercise: a visitor is his cookie.
#[test]
fn a_no_cookie() {
    case(
        "One address, 100 answers, and no cookie with any of them",
        |case| {
            let store = TheStore::new();
            let made = attempts(case, &store, (0..100).map(|_| (None, HERE)));
            if made != EVERYBODY {
                let advice = "No cookie: attempts unlimited. A cookie is a word that the visitor says, and a machine says \
                          none. Count what it cannot choose freely as well: the address.";
                case.differ(
                    "20 may be made, `per_address`",
                    format!("{made} may be made"),
                    advice,
                );
            }
        },
    );
    case(
        "One address, 100 answers, each with a cookie that is new",
        |case| {
            let store = TheStore::new();
            let cookies: Vec<String> = (0..100).map(|number| format!("s{number}")).collect();
            let visits = cookies.iter().map(|cookie| (Some(cookie.as_str()), HERE));
            let made = attempts(case, &store, visits);
            if made != EVERYBODY {
                let advice = "Each cookie is a fresh start, and a machine can make up as many as it likes. An answer counts for \
                          its session and for its address.";
                case.differ(
                    "20 may be made, `per_address`",
                    format!("{made} may be made"),
                    advice,
                );
            }
        },
    );
}

#[test]
fn b_a_session_that_travels() {
    case(
        "One cookie, and each of 10 answers comes from another address",
        |case| {
            let store = TheStore::new();
            let visits = (0..10).map(|last| (Some("ada"), address(last)));
            let made = attempts(case, &store, visits);
            if made != PERSON {
                let advice = "Addresses can be changed as well: a telephone does it on the way. The session has a limit of its \
                          own.";
                case.differ(
                    "3 may be made, `per_session`",
                    format!("{made} may be made"),
                    advice,
                );
            }
        },
    );
}

#[test]
fn c_counting_is_one_step() {
    for (situation, session, most) in [
        (
            "30 answers of one session at the same moment",
            Some("ada"),
            PERSON,
        ),
        (
            "30 answers of one address at the same moment",
            None,
            EVERYBODY,
        ),
    ] {
        case(situation, |case| {
            let store = TheStore::new();
            let made = run(
                case,
                &store,
                all((0..30).map(|_| allowed(&store, session, HERE, &LIMITS))),
            );
            let made: u64 = made.iter().map(|made| u64::from(*made == Ok(true))).sum();
            if made != most {
                let advice = "All of them looked before one of them had written: each saw 0, and each wrote 1. `count` looks \
                              and writes in one step.";
                case.differ(
                    format!("{most} may be made"),
                    format!("{made} may be made"),
                    advice,
                );
            }
        });
    }
}

#[test]
fn d_the_window_ends() {
    case("Ada tries every 10 s, for two minutes", |case| {
        let store = TheStore::new();
        let mut made = Vec::new();
        for second in (0..=120).step_by(10) {
            if attempt(case, &store, Some("ada"), HERE) {
                made.push(second);
            }
            run(case, &store, store.clock.sleep(Duration::from_secs(10)));
        }
        if made.len() < 6 {
            let advice = "The window (60 s) begins with the first attempt that is counted, and ends, whatever happens in it. If each \
                          attempt begins it anew, somebody who tries again too early is locked out for ever.";
            let right = "3 in each window: after about 0, 10, 20 s and after about 60, 70, 80 s";
            case.differ(right, format!("after about {made:?} s"), advice);
        }
        if made.len() > 7 {
            let advice = "3 within 60 s, and not more.";
            let right = "3 in each window";
            case.differ(right, format!("after about {made:?} s"), advice);
        }
    });
}

#[test]
fn e_a_class_behind_one_door() {
    case(
        "Six pupils behind one address answer three times each",
        |case| {
            let store = TheStore::new();
            let pupils = ["ada", "bob", "cem", "dee", "eve", "fay"];
            let visits = pupils.iter().flat_map(|pupil| [(Some(*pupil), HERE); 3]);
            let made = attempts(case, &store, visits);
            if made != 18 {
                let advice = "Each pupil has 3 and the address 20. `per_session` is for a person, `per_address` for everybody \
                          behind one door.";
                case.differ("all 18 may be made", format!("{made} may be made"), advice);
            }
        },
    );
    case(
        "Bob holds down a key: 100 answers. Then Ada, behind the same address",
        |case| {
            let store = TheStore::new();
            let _ = attempts(case, &store, (0..100).map(|_| (Some("bob"), HERE)));
            if !attempt(case, &store, Some("ada"), HERE) {
                let advice = "97 of Bob's were refused by his own limit, and all the same they have used up the number of the \
                          whole class. What was refused already need not be counted for the address.";
                case.differ("Ada may try", "she may not", advice);
            }
        },
    );
}

#[test]
fn f_names_do_not_meet() {
    case(
        "A machine calls its session as Ada's address is called",
        |case| {
            let store = TheStore::new();
            let names = ["192.0.2.7", "address:192.0.2.7", "ip:192.0.2.7"];
            let visits = names
                .iter()
                .flat_map(|name| [(Some(*name), address(66)); 30]);
            let _ = attempts(case, &store, visits);
            let machine = store.kept().len();
            let made = attempts(case, &store, (0..20).map(|_| (None, HERE)));
            if made != EVERYBODY {
                let advice = "The session is a word of the visitor's own, and its key was the key of an address. Whoever may \
                          choose half of a key must not reach another one with it: begin each kind with a word of its own.";
                let right = "20 from 192.0.2.7 may be made";
                let answer = format!("{made} may be made, after {machine} keys of the machine");
                case.differ(right, answer, advice);
            }
        },
    );
}

#[test]
fn g_the_store_is_away() {
    for session in [None, Some("ada")] {
        case("The store does not answer", |case| {
            let mut store = TheStore::new();
            store.away = true;
            let answer = run(case, &store, allowed(&store, session, HERE, &LIMITS));
            if answer != Err(Away) {
                let advice = "Nobody has counted this one. If it may be made, whoever can keep the store busy has no limit; if \
                              it may not, a person is told that he has tried too often. It is neither.";
                case.differ("Err(Away)", format!("{answer:?}"), advice);
            }
        });
    }
}

/// All at the same time.
async fn all<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut open: Vec<(Pin<Box<F>>, _)> = futures.map(|future| (Box::pin(future), None)).collect();
    poll_fn(|context| {
        let mut ready = true;
        for (future, done) in &mut open {
            if done.is_none() {
                match future.as_mut().poll(context) {
                    Poll::Ready(output) => *done = Some(output),
                    Poll::Pending => ready = false,
                }
            }
        }
        if ready {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
    open.into_iter().filter_map(|(_, done)| done).collect()
}
