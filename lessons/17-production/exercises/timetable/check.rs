//! The check of `timetable`. It plays a site and a timer by a driven clock, and compares the report with what users would have seen.

mod exercise;
mod given;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::ops::Range;
use std::pin::Pin;
use std::task::{Poll, Waker};
use std::time::Duration;

use exercise::{Answer, Report, Site, Timetable, measure};
use testkit::driven::{Clock, Sleep, Stuck, run};
use testkit::{Case, case};

/// Microseconds since the start of `measure`.
type Micros = u64;

/// The clock shows this when `measure` starts: a clock does not begin with a test.
const START: Duration = Duration::from_millis(5137);

/// What the world is like in one situation.
#[derive(Clone, Debug, Default)]
struct Plan {
    timetable: (Micros, u32, u32),
    /// While the site pauses, it works on nothing. What is under way goes on afterwards.
    pause: Range<Micros>,
    /// While its database is away, the site answers with an error, and faster than usual.
    errors: Range<Micros>,
    /// A timer that ends in this time fires at its end.
    late: Range<Micros>,
    /// Every so many requests one is for a picture, and takes longer.
    picture: u32,
}

impl Plan {
    fn timetable(&self) -> Timetable {
        let (every, requests, at_most) = self.timetable;
        Timetable {
            every: Duration::from_micros(every),
            requests,
            at_most,
        }
    }

    fn due(&self, number: u32) -> Micros {
        self.timetable.0 * u64::from(number)
    }

    /// When a timer fires that was set for this time.
    fn fires(&self, time: Micros) -> Micros {
        match self.late.contains(&time) {
            true => self.late.end,
            false => time,
        }
    }

    /// When the answer to a request comes, and whether it is good.
    fn answer(&self, number: u32, sent: Micros) -> (Micros, bool) {
        if self.errors.contains(&sent) {
            return (sent + 317, false);
        }
        let work = match self.picture {
            0 => 1_873,
            picture if number % picture == picture - 1 => 45_731,
            _ => 1_873 + u64::from(number % 5) * 211,
        };
        let paused = match self.pause.contains(&sent) {
            true => self.pause.end - sent,
            false => 0,
        };
        (sent + paused + work, true)
    }

    /// What users see who come by the timetable.
    fn users(&self) -> Seen {
        let (_, requests, at_most) = self.timetable;
        let mut seen = Seen::default();
        let mut under_way: Vec<Micros> = Vec::new();
        for number in 0..requests {
            let now = self.fires(self.due(number));
            under_way.retain(|end| *end > now);
            if under_way.len() >= at_most as usize {
                seen.not_sent += 1;
                continue;
            }
            let (end, good) = self.answer(number, now);
            under_way.push(end);
            seen.sent.insert(number, now);
            match good {
                true => seen.latencies.push(end - self.due(number)),
                false => seen.failed += 1,
            }
        }
        seen.latencies.sort_unstable();
        seen
    }
}

/// What became of a timetable.
#[derive(Clone, Debug, Default)]
struct Seen {
    /// When each request was sent.
    sent: BTreeMap<u32, Micros>,
    latencies: Vec<Micros>,
    failed: u32,
    not_sent: u32,
}

struct World {
    plan: Plan,
    clock: Clock,
    sent: RefCell<BTreeMap<u32, Micros>>,
    /// Answers that were not read yet, by the time when they come.
    coming: RefCell<BTreeMap<(Micros, u32), bool>>,
    /// The first request that `measure` had no reason to send.
    odd: RefCell<Option<(String, &'static str)>>,
    reader: RefCell<Option<Waker>>,
    /// So many requests were under way at most.
    most: Cell<u32>,
}

impl World {
    fn micros(&self) -> Micros {
        micros(self.clock.now().saturating_sub(START))
    }
}

fn micros(time: Duration) -> Micros {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

impl Site for World {
    fn now(&self) -> Duration {
        self.clock.now()
    }

    fn sleep_until(&self, time: Duration) -> impl Future<Output = ()> {
        let fires =
            START + Duration::from_micros(self.plan.fires(micros(time.saturating_sub(START))));
        self.clock.sleep(fires.saturating_sub(self.clock.now()))
    }

    fn send(&self, number: u32) {
        let now = self.micros();
        let again = self.sent.borrow_mut().insert(number, now).is_some();
        let under_way = self.coming.borrow().len();
        let odd = if again {
            Some((format!("request {number} was sent twice"), ONCE))
        } else if number >= self.plan.timetable.1 {
            let words = format!("request {number} was sent, and it is not on the timetable");
            Some((words, ONCE))
        } else if under_way >= self.plan.timetable.2 as usize {
            let words = format!("request {number} was sent while {under_way} were under way");
            Some((words, OVER_LIMIT))
        } else {
            None
        };
        if let Some(odd) = odd {
            self.odd.borrow_mut().get_or_insert(odd);
        }
        let (end, good) = self.plan.answer(number, now);
        self.coming.borrow_mut().insert((end, number), good);
        let most = u32::try_from(under_way + 1).unwrap_or(u32::MAX);
        self.most.set(self.most.get().max(most));
        if let Some(reader) = self.reader.borrow_mut().take() {
            reader.wake();
        }
    }

    async fn answer(&self) -> Answer {
        // Kept here: a sleep that is dropped is forgotten.
        let mut timer: Option<Sleep> = None;
        poll_fn(|context| {
            *self.reader.borrow_mut() = Some(context.waker().clone());
            let mut coming = self.coming.borrow_mut();
            let Some(first) = coming.first_entry() else {
                return Poll::Pending;
            };
            let (end, number) = *first.key();
            let now = self.micros();
            if end <= now {
                let good = first.remove();
                return Poll::Ready(Answer { number, good });
            }
            let sleep = timer.insert(self.clock.sleep(Duration::from_micros(end - now)));
            let _ = Pin::new(sleep).poll(context);
            Poll::Pending
        })
        .await
    }
}

/// 2.1 ms.
fn ms(time: Micros) -> String {
    let tenths = (time + 50) / 100;
    format!("{}.{} ms", tenths / 10, tenths % 10)
}

/// So many of a thousand latencies are this long or shorter; they are sorted.
fn within(latencies: &[Micros], of_thousand: usize) -> Micros {
    let place = (latencies.len() * of_thousand).div_ceil(1000).max(1) - 1;
    latencies.get(place).copied().unwrap_or(0)
}

fn words(latencies: &[Micros]) -> String {
    let [half, most, all] = [500, 990, 1000].map(|share| ms(within(latencies, share)));
    format!("p50 {half}, p99 {most}, longest {all}")
}

/// Lets `measure` run in this world.
fn measured(plan: &Plan) -> (World, Result<Report, Stuck>) {
    let clock = Clock::new();
    // The clock is at `START` when `measure` begins.
    run(&clock, START * 2, clock.sleep(START)).expect("a clock that was just made");
    let world = World {
        plan: plan.clone(),
        clock,
        sent: RefCell::default(),
        coming: RefCell::default(),
        odd: RefCell::default(),
        reader: RefCell::default(),
        most: Cell::default(),
    };
    let timetable = plan.timetable();
    let report = run(&world.clock, START * 20, measure(&world, &timetable));
    (world, report)
}

/// Whether `measure` ends with the last request, however many are under way then.
fn ends_with_the_last_request() -> bool {
    let plan = Plan {
        timetable: (10_000, 10, 5),
        pause: 65_000..200_000,
        ..Plan::default()
    };
    measured(&plan).0.coming.borrow().len() == 3
}

/// Lets `measure` run in this world, and compares.
#[track_caller]
fn play(case: &Case, plan: &Plan, advice: &str) {
    let (world, report) = measured(plan);
    let report = match report {
        Ok(report) => report,
        Err(stuck) => case.differ("`measure` returns", stuck_words(stuck), STUCK),
    };
    let judge = Judge {
        case,
        plan,
        world: &world,
        users: plan.users(),
    };
    judge.requests(report.not_sent, advice);
    judge.report(&report, advice);
}

fn stuck_words(stuck: Stuck) -> &'static str {
    match stuck {
        Stuck::Late => "`measure` has not returned after 97 s",
        Stuck::Forever => "`measure` waits for an answer, and no request is under way",
        Stuck::Busy => "`measure` is polled again and again while the time stands still",
    }
}

struct Judge<'a> {
    case: &'a Case,
    plan: &'a Plan,
    world: &'a World,
    users: Seen,
}

impl Judge<'_> {
    /// The requests: which were sent, and when.
    #[track_caller]
    fn requests(&self, not_sent: u32, advice: &str) {
        let sent = self.world.sent.borrow();
        if let Some((odd, advice)) = &*self.world.odd.borrow() {
            let advice = match *advice == OVER_LIMIT {
                true if self.world.most.get() == self.plan.timetable.2 + 1 => ONE_MORE,
                true if not_sent > 0 => SENT_AND_NOT,
                _ => advice,
            };
            self.fail(
                "each request of the timetable once, and within the limit",
                odd,
                advice,
            );
        }
        for number in 0..self.plan.timetable.1 {
            let (wanted, got) = (self.users.sent.get(&number), sent.get(&number));
            if wanted == got {
                continue;
            }
            let due = ms(self.plan.due(number));
            let told = |at: Option<&Micros>| match at {
                Some(at) => format!(
                    "request {number}, due after {due}, is sent after {}",
                    ms(*at)
                ),
                None => format!("request {number}, due after {due}, is not sent"),
            };
            let advice = match (wanted, got) {
                (Some(_), None) => LEFT_OUT,
                (Some(wanted), Some(got)) if got < wanted => EARLY,
                (Some(_), Some(_)) if !self.plan.late.is_empty() => CATCH_UP,
                _ => advice,
            };
            self.fail(&told(wanted), &told(got), advice);
        }
    }

    /// The report: the counts first, then each latency.
    #[track_caller]
    fn report(&self, report: &Report, advice: &str) {
        let left = self.world.coming.borrow().len();
        if left > 0 {
            let answer = format!("`measure` returned while {left} requests were under way");
            self.fail(
                "the answer to each request that was sent",
                &answer,
                match ends_with_the_last_request() {
                    true => UNANSWERED,
                    false => {
                        "It waits for some of the answers after the last request, and not for all."
                    }
                },
            );
        }
        let counts = |good: usize, failed: u32, not_sent: u32| {
            format!("{good} latencies, {failed} failed, {not_sent} not sent")
        };
        let users = &self.users;
        let wanted = counts(users.latencies.len(), users.failed, users.not_sent);
        let got = counts(report.latencies.len(), report.failed, report.not_sent);
        if wanted != got {
            let left_out = report.not_sent == users.not_sent;
            let advice = match (left_out, report.failed, report.not_sent) {
                _ if report.latencies.len() > users.latencies.len() => TOO_MANY,
                (true, 0, _) => FAILED,
                (false, _, 0) => NOT_SENT,
                _ => COUNTS,
            };
            self.fail(&wanted, &got, advice);
        }
        let mut latencies: Vec<Micros> = report.latencies.iter().map(|it| micros(*it)).collect();
        latencies.sort_unstable();
        if latencies != self.users.latencies {
            self.fail(&words(&self.users.latencies), &words(&latencies), advice);
        }
    }

    #[track_caller]
    fn fail(&self, expected: &str, answer: &str, advice: &str) -> ! {
        let (every, requests, at_most) = self.plan.timetable;
        let timetable = format!(
            "{requests} requests, one each {}, {at_most} at most under way",
            ms(every)
        );
        let report = self.case.report().detail("the timetable", timetable);
        let report = report.detail("users see", expected);
        let report = report.detail("your answer", answer);
        self.case.fail(report.advice(advice));
    }
}

const STUCK: &str = "Each request gets its answer, and `answer` returns it once. Wait for one only while a request is under way.";
const ONCE: &str = "Each user of the timetable comes once.";
const LEFT_OUT: &str =
    "This user came, and the measurement does not know it. Only the limit may leave a request out.";
const OVER_LIMIT: &str =
    "Each request under way costs the sender memory and a connection. At the limit it sends none.";
const SENT_AND_NOT: &str = "A request that `not_sent` counts is not sent as well.";
const ONE_MORE: &str = "One more than `at_most` is under way. At the limit the sender sends none.";
const EARLY: &str = "The request was not due yet.";
const CATCH_UP: &str = "The timer was late once. All requests that were due by then are sent at once, and the later ones keep their times.";
const UNANSWERED: &str = "The requests without an answer at the end may be the slowest ones. Without them the report is too good.";
const TOO_MANY: &str =
    "An error is no answer that a user has waited for. It is fast, so it makes the median better.";
const FAILED: &str = "A request that has failed is neither slow nor fast: it is counted in `failed`, or it is hidden.";
const COUNTS: &str = "`failed` counts the errors, and `not_sent` the requests left out.";
const NOT_SENT: &str = "A user whose request was not sent has no answer at all: it is counted in `not_sent`, or it is hidden.";
const CLOSED: &str = "The sender has waited for an answer before it sent the next request. Users do not wait for one another: they \
                      come while the site pauses, and each of them waits until its end.";
const OWN_TIME: &str = "The timer was late, and the user was there in time: a latency begins when the request was due.";
const MATCH: &str =
    "Answers come in any order. Its number says which request an answer belongs to.";
const NOT_LATER: &str =
    "A user who could not be sent in time is not sent later: it is counted in `not_sent`.";

#[test]
fn a_a_quick_site() {
    case("Ten requests to a site that answers at once", |case| {
        let plan = Plan {
            timetable: (10_000, 10, 5),
            ..Plan::default()
        };
        let advice = "Request n is sent n times `every` after the start, and its latency ends with its answer.";
        play(case, &plan, advice);
    });
}

// The belief of this exercise.
#[test]
fn b_a_pause() {
    case("The site pauses for one second of three", |case| {
        let plan = Plan {
            timetable: (9_700, 310, 1000),
            pause: 1_000_000..2_000_431,
            ..Plan::default()
        };
        play(case, &plan, CLOSED);
    });
}

#[test]
fn c_slow_pictures() {
    case(
        "Each seventh request takes longer than four others",
        |case| {
            let plan = Plan {
                timetable: (10_300, 100, 50),
                picture: 7,
                ..Plan::default()
            };
            play(case, &plan, MATCH);
        },
    );
}

#[test]
fn d_a_late_timer() {
    case("The timer of the sender is 0.2 s late", |case| {
        let plan = Plan {
            timetable: (9_700, 120, 100),
            late: 400_000..600_219,
            ..Plan::default()
        };
        play(case, &plan, OWN_TIME);
    });
}

#[test]
fn e_the_limit() {
    for at_most in [1, 20] {
        let situation = format!("The site pauses, and {at_most} at most may be under way");
        case(&situation, |case| {
            let plan = Plan {
                timetable: (9_700, 310, at_most),
                pause: 1_000_000..2_000_431,
                ..Plan::default()
            };
            play(case, &plan, NOT_LATER);
        });
    }
}

#[test]
fn f_errors() {
    case("The site answers with errors for a while", |case| {
        let plan = Plan {
            timetable: (9_700, 150, 50),
            errors: 500_000..900_000,
            picture: 11,
            ..Plan::default()
        };
        play(case, &plan, FAILED);
    });
}

#[test]
fn g_the_end() {
    case("The site pauses when the last request is sent", |case| {
        let plan = Plan {
            timetable: (9_700, 60, 50),
            pause: 400_000..1_400_431,
            ..Plan::default()
        };
        play(case, &plan, CLOSED);
    });
    case("The last requests are left out", |case| {
        let plan = Plan {
            timetable: (9_700, 60, 5),
            pause: 400_000..1_400_431,
            ..Plan::default()
        };
        play(case, &plan, NOT_LATER);
    });
    case("A timetable without a request", |case| {
        let plan = Plan {
            timetable: (9_700, 0, 5),
            ..Plan::default()
        };
        play(case, &plan, "Nothing is due.");
    });
}
