//! The check of `budget`. It makes calls that fail, and counts how many retries the budget allows.

mod exercise;
mod given;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use exercise::{CALLS_PER_TOKEN, MOST_TOKENS, RetryBudget};
use testkit::schedule::Thread;
use testkit::{Case, case, schedules};

/// A call that fails may be retried so often.
const RETRIES: u32 = 2;

/// Makes calls of which all fail. Returns how many retries were allowed.
fn failing_calls(budget: &RetryBudget, calls: u32) -> u32 {
    let mut allowed = 0;
    for _ in 0..calls {
        budget.call_begins();
        for _ in 0..RETRIES {
            if !budget.may_retry() {
                break;
            }
            allowed += 1;
        }
    }
    allowed
}

/// How many they should be, in tenths of a token.
fn by_the_rules(calls: u32) -> u32 {
    let most = MOST_TOKENS * CALLS_PER_TOKEN;
    let (mut parts, mut allowed) = (most, 0);
    for _ in 0..calls {
        parts = most.min(parts + 1);
        let retries = RETRIES.min(parts / CALLS_PER_TOKEN);
        parts -= retries * CALLS_PER_TOKEN;
        allowed += retries;
    }
    allowed
}

/// Asks for retries until one is refused. Returns how many were allowed.
fn drain(budget: &RetryBudget) -> u32 {
    (0..1000).find(|_| !budget.may_retry()).unwrap_or(1000)
}

fn good_calls(budget: &RetryBudget, calls: u32) {
    for _ in 0..calls {
        budget.call_begins();
    }
}

fn retries(count: u32) -> String {
    match count {
        1 => "1 retry".to_string(),
        more => format!("{more} retries"),
    }
}

#[track_caller]
fn expect_retries(case: &Case, wanted: u32, allowed: u32, advice: &str) {
    if allowed != wanted {
        let expected = format!("{} allowed", retries(wanted));
        case.differ(expected, format!("{} allowed", retries(allowed)), advice);
    }
}

// The belief of this exercise. For one call two retries are few.
#[test]
fn a_an_outage() {
    let situation = "The server is down; 1000 calls fail, each with up to 2 retries";
    case(situation, |case| {
        let allowed = failing_calls(&RetryBudget::new(), 1000);
        if allowed >= 1000 * RETRIES {
            let attempts = 1000 + allowed;
            let answer = format!(
                "{} allowed: the server gets {attempts} attempts",
                retries(allowed)
            );
            let advice = match drain(&RetryBudget::new()) {
                1000 => {
                    "A server that is down gets three times its usual load, and that can keep it down. Each retry has to \
                     take a token, and all calls share the tokens."
                }
                _ => {
                    "Retries take tokens, and each call that begins brings more than its tenth of a token."
                }
            };
            let wanted = format!("{} allowed", retries(by_the_rules(1000)));
            case.differ(wanted, answer, advice);
        }
    });
}

#[test]
fn b_a_new_budget() {
    case("The very first call fails", |case| {
        let budget = RetryBudget::new();
        budget.call_begins();
        let allowed = drain(&budget);
        let later = RetryBudget::new();
        good_calls(&later, 1000);
        let advice = match allowed < MOST_TOKENS {
            true if !later.may_retry() => {
                "No retry is allowed, not even after 1000 calls that went well."
            }
            true => {
                "A new budget has `MOST_TOKENS` tokens. A program that makes one call an hour could never retry \
                 otherwise."
            }
            false => "A new budget has `MOST_TOKENS` tokens, and each retry takes a whole one.",
        };
        expect_retries(case, MOST_TOKENS, allowed, advice);
    });
}

#[test]
fn c_ten_calls_earn_one_token() {
    case(
        "No token is left; then calls begin, one after the other",
        |case| {
            let budget = RetryBudget::new();
            drain(&budget);
            for round in 1..=3 {
                // Refused retries take nothing.
                let refused: u32 = (0..25).map(|_| u32::from(budget.may_retry())).sum();
                expect_retries(
                    case,
                    0,
                    refused,
                    "No call has begun since the last token was taken.",
                );
                good_calls(&budget, CALLS_PER_TOKEN - 1);
                let early = drain(&budget);
                let advice =
                    "Nine calls earn nine tenths of a token, and a retry takes a whole one.";
                expect_retries(case, 0, early, advice);
                good_calls(&budget, 1);
                let earned = drain(&budget);
                if earned == 0 {
                    // How many more calls does it take?
                    let mut calls = CALLS_PER_TOKEN;
                    while !budget.may_retry() && calls < 1000 {
                        good_calls(&budget, 1);
                        calls += 1;
                    }
                    let advice = match calls {
                        11 => {
                            "Ten calls earn a whole token, and the eleventh was needed. If tenths are added as floating \
                           point numbers, their sum is less than 1: count in whole tenths."
                        }
                        _ => {
                            let budget = RetryBudget::new();
                            drain(&budget);
                            good_calls(&budget, 2 * CALLS_PER_TOKEN);
                            match budget.may_retry() {
                                true => {
                                    "Ten calls earn a whole token. Retries were refused before: a refused retry takes \
                                     nothing."
                                }
                                false => "Once all tokens are taken, no call earns a new one.",
                            }
                        }
                    };
                    case.differ(
                        "1 retry after 10 calls",
                        format!("1 retry after {calls} calls"),
                        advice,
                    );
                }
                let advice =
                    format!("Ten calls earn one token, in round {round} as in all others.");
                expect_retries(case, 1, earned, &advice);
            }
        },
    );
}

#[test]
fn d_a_bad_moment() {
    case("One call in twenty fails once", |case| {
        let budget = RetryBudget::new();
        let mut refused = 0;
        for call in 0..1000 {
            budget.call_begins();
            refused += u32::from(call % 20 == 0 && !budget.may_retry());
        }
        if refused > 0 {
            let advice = "Twenty calls earn two tokens, and one of them is needed.";
            case.differ(
                "0 retries refused",
                format!("{} refused", retries(refused)),
                advice,
            );
        }
    });
}

#[test]
fn e_a_long_good_time() {
    case("5000 calls are answered; then the server is down", |case| {
        let budget = RetryBudget::new();
        good_calls(&budget, 5000);
        let advice = "In the good time more than `MOST_TOKENS` tokens were saved. They would pay for retries just when \
                      the server is down.";
        expect_retries(case, MOST_TOKENS, drain(&budget), advice);
    });
}

#[test]
fn f_an_outage_by_the_rules() {
    case(
        "The server is down; calls fail, each with up to 2 retries",
        |case| {
            for calls in [7, 95, 1000] {
                let allowed = failing_calls(&RetryBudget::new(), calls);
                let wanted = by_the_rules(calls);
                let advice = match allowed > wanted {
                    true => format!(
                        "In {calls} calls more retries were allowed than tokens were there."
                    ),
                    false => {
                        format!("In {calls} calls tokens were left, and retries were refused.")
                    }
                };
                expect_retries(case, wanted, allowed, &advice);
            }
        },
    );
}

// The check decides which thread takes the lock next.
#[test]
fn g_two_threads_and_one_token() {
    schedules(
        "One token is left, and two threads ask",
        |case, schedule| {
            let budget = Arc::new(RetryBudget::new());
            for _ in 1..MOST_TOKENS {
                budget.may_retry();
            }
            let allowed = Arc::new(AtomicU32::new(0));
            let threads = ["thread 1", "thread 2"].map(|name| -> Thread {
                let (budget, allowed, asks) =
                    (Arc::clone(&budget), Arc::clone(&allowed), schedule.clone());
                let ask = move || {
                    let may = budget.may_retry();
                    asks.does(name, format!("`may_retry` returned {may}"));
                    allowed.fetch_add(u32::from(may), Ordering::SeqCst);
                };
                (name, Box::new(ask))
            });
            schedule.threads(case, threads.into());
            let advice = "Both threads saw the token before one of them had taken it. To look and to take must be one step \
                      under one lock.";
            expect_retries(case, 1, allowed.load(Ordering::SeqCst), advice);
        },
    );
    schedules(
        "Eight tenths of a token are left, and two threads begin calls",
        |case, schedule| {
            let budget = Arc::new(RetryBudget::new());
            drain(&budget);
            good_calls(&budget, CALLS_PER_TOKEN - 2);
            let threads = ["thread 1", "thread 2"].map(|name| -> Thread {
                let (budget, begins) = (Arc::clone(&budget), schedule.clone());
                let begin = move || {
                    budget.call_begins();
                    begins.does(name, "begins a call");
                };
                (name, Box::new(begin))
            });
            schedule.threads(case, threads.into());
            let advice = "Both threads read the same number, and one of the two tenths is lost. To read and to add must be \
                      one step under one lock.";
            expect_retries(case, 1, drain(&budget), advice);
        },
    );
}
