//! The check of `fail-closed`. It plays a store that answers, fails and hangs, and the clock.

mod exercise;

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use exercise::{Away, Clock, Decision, Verdict, decide};
use services::testkit::driven;
use services::testkit::{Case, View, case};

/// How long the person in front of the door is to wait at most.
const PATIENCE: Duration = Duration::from_secs(2);

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// The clock as the answer knows it.
struct TheClock(driven::Clock);

impl Clock for TheClock {
    async fn within<T: Send>(
        &self,
        time: Duration,
        work: impl Future<Output = T> + Send,
    ) -> Option<T> {
        let (mut work, mut end) = (pin!(work), pin!(self.0.sleep(time)));
        poll_fn(|context| {
            if let Poll::Ready(done) = work.as_mut().poll(context) {
                return Poll::Ready(Some(done));
            }
            end.as_mut().poll(context).map(|()| None)
        })
        .await
    }
}

/// What is decided when the store says this after so long, and when.
#[track_caller]
fn decided(
    case: &Case,
    says: Result<Verdict, Away>,
    after: Option<Duration>,
) -> (Decision, Duration) {
    let hand = driven::Clock::new();
    let clock = TheClock(hand.clone());
    let verdict = async {
        match after {
            Some(after) => hand.sleep(after).await,
            None => std::future::pending().await,
        }
        says
    };
    let hour = Duration::from_secs(3600);
    let decision = clock.within(hour, decide(&clock, verdict, PATIENCE));
    match driven::run(&hand, hour * 2, decision) {
        Ok(Some(decision)) => (decision, hand.now()),
        Ok(None) | Err(_) => {
            let advice = "The store hangs: it took the question and says nothing more. The person in front of the door waits \
                          as well, and is told nothing: ask the clock, and wait no longer than `patience`.";
            case.differ("TryLater after 2 s", "still nothing after an hour", advice)
        }
    }
}

#[track_caller]
fn expect(case: &Case, right: Decision, got: Decision, advice: &str) {
    if right != got {
        case.differ(format!("{right:?}"), format!("{got:?}"), advice);
    }
}

// The belief of this exercise: who hears no no may come in.
#[test]
fn a_redis_is_away() {
    case("Redis refuses every connection", |case| {
        let (decision, _) = decided(case, Err(Away), Some(ms(1)));
        let advice = if decision == Decision::Welcome {
            "Redis was away and the code was accepted: whoever can make it fail, needs no eyes. Only `Accepted` opens \
             the door."
        } else {
            "Nobody knows whether the answer was right, so nobody can say that it was wrong or too old: the person has \
             done nothing wrong, and should hear that it is our fault."
        };
        expect(case, Decision::TryLater, decision, advice);
    });
}

#[test]
fn b_redis_hangs() {
    for (situation, after) in [
        ("Redis took the question and never answers", None),
        ("Redis answers Accepted after a minute", Some(ms(60_000))),
        ("Redis answers Accepted after 2.1 s", Some(ms(2_100))),
    ] {
        case(situation, |case| {
            let (decision, at) = decided(case, Ok(Verdict::Accepted), after);
            let advice = "Our patience was over before the verdict came, so there is none. No time left is no reason to \
                          open the door, and none to blame the person.";
            if at <= PATIENCE {
                expect(case, Decision::TryLater, decision, advice);
            }
            if at != PATIENCE {
                let advice =
                    "The person in front of the door was to hear something after 2 s, `patience`.";
                let right = format!("after {}", PATIENCE.view());
                case.differ(right, format!("{decision:?} after {}", at.view()), advice);
            }
        });
    }
}

#[test]
fn c_the_right_words() {
    for (verdict, right, advice) in [
        (
            Verdict::Wrong,
            Decision::Wrong,
            "The answer was wrong, and the person can do something about it.",
        ),
        (
            Verdict::Unknown,
            Decision::Stale,
            "It may have been right, once. Who is told `wrong` doubts his eyes; who is told `too old` asks for a new picture.",
        ),
    ] {
        case(&format!("The verdict is {verdict:?}"), |case| {
            let (decision, _) = decided(case, Ok(verdict), Some(ms(5)));
            expect(case, right, decision, advice);
        });
    }
}

#[test]
fn d_right_answers_are_welcome() {
    for after in [ms(0), ms(5), ms(1_000), ms(1_990)] {
        case(
            &format!("Redis answers Accepted after {}", after.view()),
            |case| {
                let (decision, at) = decided(case, Ok(Verdict::Accepted), Some(after));
                let advice = "A right answer, and in time. A door that never opens is safe as well, and of no use.";
                expect(case, Decision::Welcome, decision, advice);
                if at != after {
                    let advice = "The verdict was there. Waiting for longer makes nothing safer.";
                    let right = format!("after {}", after.view());
                    case.differ(right, format!("after {}", at.view()), advice);
                }
            },
        );
    }
}
