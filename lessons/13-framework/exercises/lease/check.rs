//! The check of `lease`. The check plays the store and its clock: an hour takes a millisecond.

mod exercise;
mod given;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::pending;
use std::time::Duration;

use exercise::{Lease, LeaseError, LeaseStore, keep_alive};
use services::testkit::driven::{self, Clock, Stuck};
use services::testkit::{Case, View, case, schedules};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// What becomes of a call.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Answered,
    Fails,
    NoReply,
}

type Outcomes = Box<dyn Fn(usize, Duration) -> Outcome>;

/// The store, and what it has recorded.
struct Store {
    clock: Clock,
    /// The longest time that it grants at this moment.
    longest: Box<dyn Fn(Duration) -> Duration>,
    /// What becomes of the call with this number, counted from 1, at this time.
    outcome: Outcomes,
    /// Then it loses all leases.
    lost: Option<Duration>,
    record: RefCell<Record>,
}

#[derive(Default)]
struct Record {
    next: u64,
    /// Until when each lease runs.
    leases: BTreeMap<u64, Duration>,
    /// From when until when a lease was held.
    held: Vec<(Duration, Duration)>,
    calls: Vec<Duration>,
    was_lost: bool,
}

impl Store {
    fn new() -> Self {
        Store {
            clock: Clock::new(),
            longest: Box::new(|_| MINUTE),
            outcome: Box::new(|_, _| Outcome::Answered),
            lost: None,
            record: RefCell::default(),
        }
    }

    /// Records a call, and waits as long as it takes.
    async fn called(&self) -> Result<(), LeaseError> {
        let now = self.clock.now();
        let number = {
            let mut record = self.record.borrow_mut();
            if let Some(lost) = self.lost.filter(|lost| *lost <= now && !record.was_lost) {
                record.was_lost = true;
                record.leases.clear();
                for held in &mut record.held {
                    held.1 = held.1.min(lost);
                }
            }
            record.calls.push(now);
            record.calls.len()
        };
        match (self.outcome)(number, now) {
            // A call takes a moment, and the clock never stands still.
            Outcome::Answered => self.clock.sleep(Duration::from_millis(20)).await,
            Outcome::Fails => {
                self.clock.sleep(Duration::from_millis(20)).await;
                return Err(LeaseError::Unavailable);
            }
            Outcome::NoReply => pending().await,
        }
        Ok(())
    }

    fn granted(&self, id: u64, ttl: Duration) -> Lease {
        let now = self.clock.now();
        let ttl = ttl.min((self.longest)(now));
        let mut record = self.record.borrow_mut();
        record.leases.insert(id, now + ttl);
        // The newest answer counts, also if it is shorter.
        for held in &mut record.held {
            held.1 = held.1.min(now);
        }
        record.held.push((now, now + ttl));
        Lease { id, ttl }
    }
}

impl LeaseStore for Store {
    async fn grant(&self, ttl: Duration) -> Result<Lease, LeaseError> {
        self.called().await?;
        let id = {
            let mut record = self.record.borrow_mut();
            record.next += 1;
            record.next + 400
        };
        Ok(self.granted(id, ttl))
    }

    async fn renew(&self, id: u64) -> Result<Lease, LeaseError> {
        self.called().await?;
        let until = self.record.borrow().leases.get(&id).copied();
        match until {
            Some(until) if until > self.clock.now() => Ok(self.granted(id, MINUTE * 60)),
            _ => Err(LeaseError::NotFound),
        }
    }

    async fn sleep(&self, time: Duration) {
        self.clock.sleep(time).await;
    }
}

/// What has happened until the caller dropped the future.
struct Run {
    /// When the first lease was granted, and each time from which until which none was held.
    first: Option<Duration>,
    gaps: Vec<(Duration, Duration)>,
    calls: Vec<Duration>,
    grants: u64,
}

/// Runs the learner's `keep_alive` until `end`.
#[track_caller]
fn run(case: &Case, store: Store, end: Duration) -> Run {
    let clock = store.clock.clone();
    let outcome = driven::run(&clock, end + SECOND, async {
        tokio::select! {
            () = keep_alive(&store, MINUTE) => true,
            () = clock.sleep(end) => false,
        }
    });
    match outcome {
        Ok(false) => {}
        Ok(true) => {
            let answer = format!("it returned at {}", clock.now().view());
            let advice = "The lease is held until the caller drops the future: `keep_alive` does not return.";
            case.differ("`keep_alive` still runs", answer, advice);
        }
        Err(stuck) => {
            let advice = match stuck {
                Stuck::Busy => "It loops without `sleep`, so time does not pass.",
                Stuck::Late | Stuck::Forever => {
                    "It waits for a clock that does not run here: use `store.sleep`."
                }
            };
            case.differ("`keep_alive` runs", format!("{stuck:?}"), advice);
        }
    }
    let record = store.record.into_inner();
    let mut held = record.held;
    held.sort();
    let first = held.first().map(|(from, _)| *from);
    let mut gaps = Vec::new();
    let mut until = first.unwrap_or_default();
    for (from, to) in held {
        if from > until {
            gaps.push((until, from));
        }
        until = until.max(to);
    }
    if first.is_some() && until < end {
        gaps.push((until, end));
    }
    Run {
        first,
        gaps,
        calls: record.calls,
        grants: record.next,
    }
}

/// Fails if two calls in this time follow each other too soon or too late. Each of them takes 20 ms.
#[track_caller]
fn pauses(case: &Case, run: &Run, from: Duration, to: Duration) {
    let calls = run.calls.iter().copied();
    let calls: Vec<Duration> = calls.filter(|at| (from..to).contains(at)).collect();
    for two in calls.windows(2) {
        let pause = (two[1] - two[0]).saturating_sub(Duration::from_millis(20));
        if !(SECOND / 2..=SECOND).contains(&pause) {
            let answer = format!("{} after the call at {}", pause.view(), two[0].view());
            let advice =
                "While the store is unavailable the call is repeated with a pause of 0.5 s to 1 s.";
            case.differ("a pause of 0.5 s to 1 s", answer, advice);
        }
    }
}

/// Fails if there was a moment without a lease.
#[track_caller]
fn without_a_gap(case: &Case, run: &Run, end: Duration, advice: &str) {
    let Some(first) = run.first else {
        let calls = times(&run.calls);
        let advice = match run.calls.len() {
            0 => "`grant` comes first.",
            _ => {
                "The first `grant` has failed. The store may start after its clients: repeat the call."
            }
        };
        case.differ("a lease", format!("no lease; calls at {calls}"), advice);
    };
    let Some((from, to)) = run.gaps.first() else {
        return;
    };
    let after = run.calls.iter().filter(|at| **at > first).count();
    let advice = match after {
        0 => {
            "The lease ended: renew it before its time is over, again and again. No call came after the \
             first grant."
        }
        _ => advice,
    };
    let gap = match to == &end {
        true => format!("no lease from {} to the end", from.view()),
        false => format!("no lease from {} to {}", from.view(), to.view()),
    };
    let report = case
        .report()
        .detail(
            "expected",
            format!("a lease from {} to {}", first.view(), end.view()),
        )
        .detail("your answer", gap)
        .detail("calls", times(&run.calls))
        .advice(advice);
    case.fail(report);
}

/// The times of the first calls.
fn times(calls: &[Duration]) -> String {
    let mut words: Vec<String> = calls.iter().take(6).map(View::view).collect();
    if calls.len() > 6 {
        words.push(format!("and {} more", calls.len() - 6));
    }
    words.join(", ")
}

#[test]
fn a_a_lease_ends() {
    case("Ten minutes, with leases of 60 s", |case| {
        let end = MINUTE * 10;
        let run = run(case, Store::new(), end);
        let advice = "A renewal takes time. When the time of the lease is over it is too late.";
        without_a_gap(case, &run, end, advice);
    });
}

#[test]
fn b_the_store_decides() {
    case("You ask for 60 s, and the store grants 10 s", |case| {
        let end = MINUTE * 5;
        let store = Store {
            longest: Box::new(|_| SECOND * 10),
            ..Store::new()
        };
        let run = run(case, store, end);
        let advice = "You have asked for 60 s, and the store has granted 10 s. The `ttl` of the answer counts.";
        without_a_gap(case, &run, end, advice);
    });
    case(
        "From 90 s on the store grants 10 s in place of 60 s",
        |case| {
            let end = MINUTE * 5;
            let store = Store {
                longest: Box::new(|now| match now < SECOND * 90 {
                    true => MINUTE,
                    false => SECOND * 10,
                }),
                ..Store::new()
            };
            let run = run(case, store, end);
            let advice = "The answer of a renewal has a `ttl` too, and it may be another one than that of the grant.";
            without_a_gap(case, &run, end, advice);
        },
    );
}

#[test]
fn c_a_call_fails() {
    for (which, odd) in [("second", 0), ("first, third, fifth", 1)] {
        case(&format!("Each {which} call fails"), |case| {
            let end = MINUTE * 10;
            let store = Store {
                outcome: Box::new(move |number, _| match number % 2 == odd {
                    true => Outcome::Fails,
                    false => Outcome::Answered,
                }),
                ..Store::new()
            };
            let run = run(case, store, end);
            let advice = "A failed call was not repeated in time. Renew so early that there is time for another call, and \
                          make that one soon.";
            without_a_gap(case, &run, end, advice);
        });
    }
}

#[test]
fn d_no_reply() {
    for which in [0, 1] {
        case("One call in three stays without a reply", |case| {
            let end = MINUTE * 10;
            let store = Store {
                outcome: Box::new(move |number, _| match number % 3 == which {
                    true => Outcome::NoReply,
                    false => Outcome::Answered,
                }),
                ..Store::new()
            };
            let run = run(case, store, end);
            if run.first.is_none() {
                let advice = "The first `grant` stays without a reply: give it up with `within`, and repeat it.";
                case.differ(
                    "a lease",
                    format!("no lease; calls at {}", times(&run.calls)),
                    advice,
                );
            }
            let advice = "A call stayed without a reply, and the lease ended meanwhile. Give a call up while there is \
                          time for another one.";
            without_a_gap(case, &run, end, advice);
        });
    }
}

#[test]
fn e_the_store_loses_its_leases() {
    case("At 100 s the store loses all leases", |case| {
        let store = Store {
            lost: Some(SECOND * 100),
            ..Store::new()
        };
        let run = run(case, store, MINUTE * 10);
        let longest = run.gaps.iter().map(|(from, to)| *to - *from).max();
        let longest = longest.unwrap_or_default();
        if longest > MINUTE / 2 {
            let advice =
                "Each later renewal of this id is answered `NotFound` too: grant a new lease.";
            let answer = format!("no lease for {}", longest.view());
            case.differ("a new lease within 30 s", answer, advice);
        }
    });
}

#[test]
fn f_the_store_starts_late() {
    case("The store is unavailable for the first 30 s", |case| {
        let store = Store {
            outcome: Box::new(|_, now| match now < SECOND * 30 {
                true => Outcome::Fails,
                false => Outcome::Answered,
            }),
            ..Store::new()
        };
        let end = MINUTE * 5;
        let run = run(case, store, end);
        let early = run.calls.iter().filter(|at| **at < SECOND * 30).count();
        if run
            .first
            .is_none_or(|first| first > SECOND * 31 + SECOND / 10)
        {
            let answer = match run.first {
                Some(first) => format!("a lease at {}; {early} calls before 30 s", first.view()),
                None => format!("no lease; {early} calls before 30 s"),
            };
            let advice = "The store may start after its clients. Repeat the `grant`, with a pause of 1 s at most.";
            case.differ("a lease at 31 s", answer, advice);
        }
        if early > 60 {
            let advice = "Between two attempts there is a pause of 0.5 s at least, because a store that starts has many \
                          clients.";
            case.differ("at most 60 calls in 30 s", format!("{early} calls"), advice);
        }
        pauses(case, &run, Duration::ZERO, SECOND * 30);
        without_a_gap(
            case,
            &run,
            end,
            "From the first grant on the lease is held.",
        );
    });
}

#[test]
fn g_not_too_often() {
    case("Ten minutes in which all calls succeed", |case| {
        let run = run(case, Store::new(), MINUTE * 10);
        let calls = run.calls.len();
        if calls > 101 {
            let advice = "Each call keeps the lease. With a thousand clients this many calls load the store: at most ten \
                          within one lease.";
            case.differ(
                "at most 101 calls in ten leases",
                format!("{calls} calls"),
                advice,
            );
        }
        if run.grants > 1 {
            let advice = "Each `grant` makes a further lease in the store. A lease that runs is renewed; `grant` follows only \
                          after `NotFound`.";
            case.differ("1 grant", format!("{} grants", run.grants), advice);
        }
    });
}

#[test]
fn h_unavailable_is_not_expired() {
    case("From 65 s to 85 s the store is unavailable", |case| {
        let store = Store {
            outcome: Box::new(|_, now| match (SECOND * 65..SECOND * 85).contains(&now) {
                true => Outcome::Fails,
                false => Outcome::Answered,
            }),
            ..Store::new()
        };
        let end = MINUTE * 5;
        let run = run(case, store, end);
        let advice =
            "A lease runs on while the store is unavailable. Repeat the call until it succeeds.";
        without_a_gap(case, &run, end, advice);
        if run.grants > 1 {
            let advice = "The renewal failed because the store was unavailable, and the lease ran on. Each new `grant` leaves a \
                          lease behind that is never renewed. Repeat the renewal; `grant` follows only after `NotFound`.";
            case.differ("1 grant", format!("{} grants", run.grants), advice);
        }
        pauses(case, &run, SECOND * 65, SECOND * 85);
    });
}

// The check decides what becomes of each call, and how long each lease is. After a call in vain the next one succeeds.
#[test]
fn i_whatever_becomes_of_a_call() {
    schedules(
        "Three minutes: any call may fail or stay without a reply, and any lease may be granted for 10 s",
        |case, schedule| {
            let (calls, times) = (schedule.clone(), schedule.clone());
            let in_vain = Cell::new(false);
            let store = Store {
                outcome: Box::new(move |number, now| {
                    let chosen = if in_vain.get() { 0 } else { calls.pick(3) };
                    in_vain.set(chosen > 0);
                    let (outcome, words) = [
                        (Outcome::Answered, "is answered"),
                        (Outcome::Fails, "fails"),
                        (Outcome::NoReply, "stays without a reply"),
                    ][chosen];
                    calls.does("store", format!("call {number} at {} {words}", now.view()));
                    outcome
                }),
                longest: Box::new(move |_| {
                    let ttl = [MINUTE, SECOND * 10][times.pick(2)];
                    times.does("store", format!("grants {}", ttl.view()));
                    ttl
                }),
                ..Store::new()
            };
            let end = MINUTE * 3;
            let run = run(case, store, end);
            let advice = "The `ttl` of the newest answer counts. Within it there is time for a call without a reply, and for one \
                          more.";
            without_a_gap(case, &run, end, advice);
        },
    );
}

// Not about your answer: that the store of this check keeps to what it promises.
#[test]
fn z_the_store_itself() {
    let store = Store {
        longest: Box::new(|_| SECOND * 10),
        ..Store::new()
    };
    let told = driven::run(&store.clock, MINUTE, async {
        let lease = store.grant(MINUTE).await.expect("it is available");
        store.sleep(SECOND * 5).await;
        let renewed = store.renew(lease.id).await;
        store.sleep(SECOND * 11).await;
        (lease.ttl, renewed, store.renew(lease.id).await)
    });
    let ttl = SECOND * 10;
    let renewed = Ok(Lease { id: 401, ttl });
    assert_eq!(told, Ok((ttl, renewed, Err(LeaseError::NotFound))));
}
