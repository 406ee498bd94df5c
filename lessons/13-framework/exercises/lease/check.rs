//! The check of `lease`. The office is played by the check, and so is the clock: an hour at the market
//! takes a millisecond.

mod exercise;
mod given;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::pending;
use std::time::Duration;

use exercise::{Lease, Office, Trouble, keep};
use services::testkit::driven::{self, Clock, Stuck};
use services::testkit::{Case, View, case};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// What becomes of a call.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Call {
    Answered,
    Lost,
    Hangs,
}

type Calls = Box<dyn Fn(usize, Duration) -> Call>;

/// The office, and what it has written down.
struct TheOffice {
    clock: Clock,
    /// It gives no more time than this.
    most: Duration,
    /// What becomes of the call with this number, counted from 1, at this time.
    call: Calls,
    /// Then it loses its papers.
    fire: Option<Duration>,
    book: RefCell<Book>,
}

#[derive(Default)]
struct Book {
    next: u64,
    /// Until when each lease runs.
    leases: BTreeMap<u64, Duration>,
    /// From when until when the pitch was theirs.
    held: Vec<(Duration, Duration)>,
    calls: Vec<Duration>,
    burnt: bool,
}

impl TheOffice {
    fn new() -> Self {
        TheOffice {
            clock: Clock::new(),
            most: MINUTE,
            call: Box::new(|_, _| Call::Answered),
            fire: None,
            book: RefCell::default(),
        }
    }

    /// Writes a call down, and waits as long as it takes.
    async fn called(&self) -> Result<(), Trouble> {
        let now = self.clock.now();
        let number = {
            let mut book = self.book.borrow_mut();
            if self.fire.is_some_and(|fire| fire <= now) && !book.burnt {
                book.burnt = true;
                let fire = self.fire.unwrap_or_default();
                book.leases.clear();
                book.held
                    .iter_mut()
                    .for_each(|held| held.1 = held.1.min(fire));
            }
            book.calls.push(now);
            book.calls.len()
        };
        match (self.call)(number, now) {
            // By telephone it takes a moment, and the clock never stands still.
            Call::Answered => self.clock.sleep(Duration::from_millis(20)).await,
            Call::Lost => {
                self.clock.sleep(Duration::from_millis(20)).await;
                return Err(Trouble::Away);
            }
            Call::Hangs => pending().await,
        }
        Ok(())
    }

    fn grant(&self, number: u64, time: Duration) -> Duration {
        let now = self.clock.now();
        let time = time.min(self.most);
        let mut book = self.book.borrow_mut();
        book.leases.insert(number, now + time);
        book.held.push((now, now + time));
        time
    }
}

impl Office for TheOffice {
    async fn rent(&self, time: Duration) -> Result<Lease, Trouble> {
        self.called().await?;
        let number = {
            let mut book = self.book.borrow_mut();
            book.next += 1;
            book.next + 400
        };
        let time = self.grant(number, time);
        Ok(Lease { number, time })
    }

    async fn renew(&self, number: u64) -> Result<Duration, Trouble> {
        self.called().await?;
        let until = self.book.borrow().leases.get(&number).copied();
        match until {
            Some(until) if until > self.clock.now() => Ok(self.grant(number, MINUTE)),
            _ => Err(Trouble::Ended),
        }
    }

    async fn give_back(&self, number: u64) -> Result<(), Trouble> {
        self.called().await?;
        let now = self.clock.now();
        let mut book = self.book.borrow_mut();
        let ours = book.leases.remove(&number).filter(|until| *until > now);
        book.held
            .iter_mut()
            .for_each(|held| held.1 = held.1.min(now));
        ours.map(drop).ok_or(Trouble::Ended)
    }

    async fn sleep(&self, time: Duration) {
        self.clock.sleep(time).await;
    }
}

/// What has come of a day at the market.
struct Day {
    /// When the pitch was first theirs, and each time from which until which it was not.
    first: Option<Duration>,
    gaps: Vec<(Duration, Duration)>,
    /// Until when it was theirs, at the end of it all.
    last: Duration,
    /// When `keep` has returned.
    returned: Duration,
    calls: Vec<Duration>,
}

/// Runs the learner's stall until `closing`, and a little longer.
#[track_caller]
fn day(case: &Case, office: TheOffice, closing: Duration) -> Day {
    let clock = office.clock.clone();
    let end = closing + MINUTE;
    let ended = driven::run(&clock, end, keep(&office, MINUTE, clock.sleep(closing)));
    let returned = clock.now();
    if let Err(stuck) = ended {
        let still = format!("`keep` has not returned {} after it", MINUTE.view());
        let advice = match stuck {
            Stuck::Late => {
                "When the market closes `keep` ends. The office may be away just then: do not wait longer than 5 s."
            }
            Stuck::Forever => {
                "It waits for something that never comes. A call may hang for ever; `office.sleep` in the other \
                 branch of a `select!` gives it a limit. (tokio's own clock does not run here.)"
            }
            Stuck::Busy => "It goes round and round, and never sleeps.",
        };
        case.differ(format!("the end, at {}", closing.view()), still, advice);
    }
    let book = office.book.into_inner();
    let mut held = book.held;
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
    if first.is_some() && until < closing {
        gaps.push((until, closing));
    }
    let calls = book.calls;
    let last = until;
    Day {
        first,
        gaps,
        last,
        returned,
        calls,
    }
}

/// Fails if there was a moment in which the pitch was not theirs.
#[track_caller]
fn without_a_gap(case: &Case, day: &Day, closing: Duration, advice: &str) {
    let whole = format!("a lease from {} to {}", from(day).view(), closing.view());
    if day.first.is_none() {
        case.differ(whole, "no lease at all", "Rent first.");
    }
    if let Some((from, to)) = day.gaps.first() {
        let gap = if *to == closing {
            format!("none from {} until the market closes", from.view())
        } else {
            format!("none from {} to {}", from.view(), to.view())
        };
        case.differ(whole, gap, advice);
    }
}

fn from(day: &Day) -> Duration {
    day.first.unwrap_or_default()
}

// The belief of this exercise. For a minute it is true.
#[test]
fn a_a_lease_ends() {
    case("Ten minutes at the market, with leases of 60 s", |case| {
        let closing = MINUTE * 10;
        let day = day(case, TheOffice::new(), closing);
        let advice = "The lease ended: renew it, again and again, before its time is over. Nobody does that for you, and \
                      nobody tells you when it has ended.";
        without_a_gap(case, &day, closing, advice);
    });
}

#[test]
fn b_the_office_decides_how_long() {
    case("You want 60 s, and the office gives 10 s", |case| {
        let closing = MINUTE * 5;
        let office = TheOffice {
            most: SECOND * 10,
            ..TheOffice::new()
        };
        let day = day(case, office, closing);
        let advice = "You have asked for 60 s, and the answer was 10 s. What is in the answer counts, each time.";
        without_a_gap(case, &day, closing, advice);
    });
}

#[test]
fn c_a_call_is_lost() {
    case("Every second call is lost", |case| {
        let closing = MINUTE * 10;
        let office = TheOffice {
            call: Box::new(|number, _| match number % 2 {
                0 => Call::Lost,
                _ => Call::Answered,
            }),
            ..TheOffice::new()
        };
        let day = day(case, office, closing);
        let advice = "One lost call, and the pitch was gone. Renew so early that there is time for another call, and \
                      make that one soon.";
        without_a_gap(case, &day, closing, advice);
    });
}

#[test]
fn d_a_call_hangs() {
    case("Every third call is left hanging", |case| {
        let closing = MINUTE * 10;
        let office = TheOffice {
            call: Box::new(|number, _| match number % 3 {
                0 => Call::Hangs,
                _ => Call::Answered,
            }),
            ..TheOffice::new()
        };
        let day = day(case, office, closing);
        let advice = "You have waited for an answer that did not come, and meanwhile the lease ended. Give a call up \
                      while there is still time for another one.";
        without_a_gap(case, &day, closing, advice);
    });
}

// Slow machines, a suspended laptop, a registry that was restored from a backup: it happens.
#[test]
fn e_an_ended_lease_stays_ended() {
    case("At 100 s the office loses its papers", |case| {
        let office = TheOffice {
            fire: Some(SECOND * 100),
            ..TheOffice::new()
        };
        let day = day(case, office, MINUTE * 10);
        let longest = day.gaps.iter().map(|(from, to)| *to - *from).max();
        let longest = longest.unwrap_or_default();
        if longest > MINUTE / 2 {
            let advice = "`Ended` will be the answer for this number for ever. It is no reason to go home either: rent \
                          anew.";
            let answer = format!("none for {}", longest.view());
            case.differ("a new lease after 30 s at the latest", answer, advice);
        }
    });
}

#[test]
fn f_the_office_opens_late() {
    case("Nobody picks up for the first 30 s", |case| {
        let office = TheOffice {
            call: Box::new(|_, now| match now < SECOND * 30 {
                true => Call::Lost,
                false => Call::Answered,
            }),
            ..TheOffice::new()
        };
        let day = day(case, office, MINUTE * 5);
        if day.first.is_none_or(|first| first > SECOND * 31) {
            let answer = day.first.map_or("none".to_string(), |first| {
                format!("one at {}", first.view())
            });
            let advice = "The office is not always there before the stalls. Try again, with a pause of less than a second.";
            case.differ("a lease at 31 s", answer, advice);
        }
        let early = day.calls.iter().filter(|at| **at < SECOND * 30).count();
        if early > 60 {
            let advice = "An office that is just opening meets you, and all the other stalls. Pause between two calls.";
            case.differ("60 calls in 30 s at most", format!("{early} calls"), advice);
        }
    });
}

#[test]
fn g_not_a_siege() {
    case("Ten minutes in which all goes well", |case| {
        let day = day(case, TheOffice::new(), MINUTE * 10);
        let calls = day.calls.len();
        if calls > 100 {
            let advice = "That many calls keep the lease, and with a thousand stalls they keep the office from everything \
                          else. A few within the time of a lease are enough.";
            case.differ("100 calls at most", format!("{calls} calls"), advice);
        }
    });
}

#[test]
fn h_the_pitch_is_free_at_once() {
    case("The market closes at 130 s", |case| {
        let closing = SECOND * 130;
        let day = day(case, TheOffice::new(), closing);
        if day.last > closing + SECOND {
            let advice = "It would have ended by itself, later. Who can say that the pitch is free should say it: the \
                          next stall is waiting.";
            let answer = format!("taken until {}", day.last.view());
            case.differ(format!("free at {}", closing.view()), answer, advice);
        }
    });
}

#[test]
fn i_nobody_waits_for_the_goodbye() {
    case(
        "The market closes at 130 s, and the telephone is dead from 120 s on",
        |case| {
            let closing = SECOND * 130;
            let office = TheOffice {
                call: Box::new(|_, now| match now < SECOND * 120 {
                    true => Call::Answered,
                    false => Call::Hangs,
                }),
                ..TheOffice::new()
            };
            let day = day(case, office, closing);
            if day.returned > closing + SECOND * 5 {
                let advice = "Nobody will answer. The lease ends by itself, so the stall need not wait for that.";
                let answer = format!("the end at {}", day.returned.view());
                case.differ("the end at 135 s at the latest", answer, advice);
            }
        },
    );
}

// Not about your answer: that the office of this check keeps to what it promises.
#[test]
fn z_the_office_itself() {
    let office = TheOffice {
        most: SECOND * 10,
        ..TheOffice::new()
    };
    let told = driven::run(&office.clock, MINUTE, async {
        let lease = office.rent(MINUTE).await.expect("it is there");
        office.sleep(SECOND * 5).await;
        let renewed = office.renew(lease.number).await;
        office.sleep(SECOND * 11).await;
        (lease.time, renewed, office.renew(lease.number).await)
    });
    let ten = SECOND * 10;
    assert_eq!(told, Ok((ten, Ok(ten), Err(Trouble::Ended))));
}
