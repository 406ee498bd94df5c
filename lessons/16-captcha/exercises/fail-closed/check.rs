//! The check of `fail-closed`. It plays a store that answers, fails or hangs, and the clock.

mod exercise;

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use exercise::{Clock, Decision, Unavailable, Verdict, decide};
use services::testkit::driven;
use services::testkit::{Case, View, case};

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// The timeouts that the answer is given.
const TIMEOUTS: [Duration; 2] = [ms(2_000), ms(700)];

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

/// What is decided when this verdict comes after so long (`None`: never), and when it is decided.
#[track_caller]
fn decided(
    case: &Case,
    verdict: Result<Verdict, Unavailable>,
    after: Option<Duration>,
    timeout: Duration,
) -> (Decision, Duration) {
    let hand = driven::Clock::new();
    let clock = TheClock(hand.clone());
    let verdict = async {
        match after {
            Some(after) => hand.sleep(after).await,
            None => std::future::pending().await,
        }
        verdict
    };
    let hour = Duration::from_secs(3600);
    let decision = clock.within(hour, decide(&clock, verdict, timeout));
    match driven::run(&hand, hour * 2, decision) {
        Ok(Some(decision)) => (decision, hand.now()),
        Ok(None) | Err(_) => case.differ(
            format!("TryLater after {}", timeout.view()),
            "no decision after an hour",
            "The verdict never comes, and the visitor is told nothing. `clock.within` ends the wait after `timeout`.",
        ),
    }
}

#[track_caller]
fn expect(case: &Case, right: (Decision, Duration), got: (Decision, Duration), advice: &str) {
    if right != got {
        let words =
            |(decision, at): (Decision, Duration)| format!("{decision:?} after {}", at.view());
        case.differ(words(right), words(got), advice);
    }
}

// The belief of this exercise: a missing verdict lets a visitor in.
#[test]
fn a_redis_is_unavailable() {
    for timeout in TIMEOUTS {
        case(
            &format!("Redis refuses the connection; timeout {}", timeout.view()),
            |case| {
                let got = decided(case, Err(Unavailable), Some(ms(1)), timeout);
                let advice = match got.0 {
                    Decision::Welcome => {
                        "Redis was unavailable, and the visitor was let in. An attacker that makes Redis fail needs no answer then. Only \
                     `Accepted` lets a visitor in."
                    }
                    Decision::Wrong | Decision::Stale => {
                        "It is unknown whether the answer was right, so it cannot be called wrong or too old. The fault is ours."
                    }
                    Decision::TryLater => {
                        "The error came after 1 ms. Waiting longer changes nothing."
                    }
                };
                expect(case, (Decision::TryLater, ms(1)), got, advice);
            },
        );
    }
}

#[test]
fn b_redis_hangs() {
    for timeout in TIMEOUTS {
        for (what, after) in [
            ("never comes", None),
            ("Accepted comes after a minute", Some(ms(60_000))),
            (
                "Accepted comes just after the timeout",
                Some(timeout + ms(1)),
            ),
        ] {
            case(
                &format!("The verdict {what}; timeout {}", timeout.view()),
                |case| {
                    let got = decided(case, Ok(Verdict::Accepted), after, timeout);
                    let other = TIMEOUTS.iter().find(|other| **other != timeout);
                    let other =
                        other.map(|other| decided(case, Ok(Verdict::Accepted), after, *other).1);
                    let advice = if got.1 != timeout && other == Some(got.1) {
                        "The decision comes after the same time, whatever `timeout` is."
                    } else if got.1 > timeout {
                        "The decision came later than `timeout`, and the visitor waits for it."
                    } else if got.1 < timeout {
                        "The decision came earlier than `timeout`: a verdict could still come."
                    } else if got.0 == Decision::Welcome {
                        "The timeout is over, and there is no verdict. A slow store is no reason to let a visitor in."
                    } else {
                        "The timeout is over, and there is no verdict. The visitor has done nothing wrong, and should be told so."
                    };
                    expect(case, (Decision::TryLater, timeout), got, advice);
                },
            );
        }
    }
}

#[test]
fn c_the_right_words() {
    for (verdict, right, advice) in [
        (
            Verdict::Wrong,
            Decision::Wrong,
            "The answer was wrong, and the visitor can try another picture.",
        ),
        (
            Verdict::Unknown,
            Decision::Stale,
            "The captcha has expired or was answered before, so the answer may have been right. A visitor that is told `Wrong` doubts \
             its eyes.",
        ),
    ] {
        case(
            &format!("The verdict {verdict:?} comes after 5 ms"),
            |case| {
                let got = decided(case, Ok(verdict), Some(ms(5)), TIMEOUTS[0]);
                let advice = match got.0 {
                    decision if decision == right => {
                        "The verdict was there. Waiting longer changes nothing."
                    }
                    Decision::Welcome => "Only `Accepted` lets a visitor in.",
                    Decision::TryLater => {
                        "The verdict came in time. `TryLater` says that there was none, so the visitor sends the same answer \
                         again; the captcha is used up, so it can never be accepted."
                    }
                    _ => advice,
                };
                expect(case, (right, ms(5)), got, advice);
            },
        );
    }
}

#[test]
fn d_in_time() {
    for timeout in TIMEOUTS {
        for after in [ms(0), ms(5), timeout - ms(1)] {
            case(
                &format!(
                    "The verdict Accepted comes after {}; timeout {}",
                    after.view(),
                    timeout.view()
                ),
                |case| {
                    let got = decided(case, Ok(Verdict::Accepted), Some(after), timeout);
                    let advice = match got.0 {
                        Decision::Welcome => {
                            "The verdict was there. Waiting longer makes nothing safer."
                        }
                        _ => {
                            "A right answer, in time, lets a visitor in. A site that refuses all visitors is of no use."
                        }
                    };
                    expect(case, (Decision::Welcome, after), got, advice);
                },
            );
        }
    }
}
