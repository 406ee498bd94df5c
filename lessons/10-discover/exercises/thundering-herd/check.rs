//! The check of `thundering-herd`: Consul needs 50 ms for an answer, and counts its queries.

mod exercise;
mod given;

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use exercise::{Cache, FRESH, List, Unavailable};
use services::testkit::{Case, PATIENCE, case};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// What Consul does, and how often it was asked.
struct Consul {
    asked: AtomicUsize,
    unavailable: AtomicBool,
    /// The time for an answer, in milliseconds.
    takes: AtomicU64,
}

type Asked = Pin<Box<dyn Future<Output = Result<List, Unavailable>> + Send>>;
type Query = Box<dyn Fn() -> Asked + Send + Sync>;

impl Consul {
    fn new(takes: u64) -> Arc<Consul> {
        Arc::new(Consul {
            asked: AtomicUsize::new(0),
            unavailable: AtomicBool::new(false),
            takes: AtomicU64::new(takes),
        })
    }

    fn queries(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    fn cache(self: &Arc<Self>) -> Arc<Cache<Query>> {
        let consul = Arc::clone(self);
        let query: Query = Box::new(move || {
            let consul = Arc::clone(&consul);
            Box::pin(async move {
                let number = consul.asked.fetch_add(1, Ordering::SeqCst) + 1;
                let takes = consul.takes.load(Ordering::SeqCst);
                if takes > 0 {
                    sleep(Duration::from_millis(takes)).await;
                }
                if consul.unavailable.load(Ordering::SeqCst) {
                    return Err(Unavailable);
                }
                Ok(Arc::new(vec![format!("answer {number}")]))
            })
        });
        Arc::new(Cache::new(query))
    }
}

/// Runs a scene on a runtime with one thread.
fn scene<T: Send + 'static>(
    case: &Case,
    advice: &str,
    body: impl AsyncFnOnce() -> T + Send + 'static,
) -> T {
    case.run_within(PATIENCE * 3, "get", advice, move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(body())
    })
}

/// So many callers at the same moment. Returns how many of them got what.
async fn callers(
    cache: &Arc<Cache<Query>>,
    count: usize,
    now: Duration,
) -> BTreeMap<String, usize> {
    let mut calls = JoinSet::new();
    for _ in 0..count {
        let cache = Arc::clone(cache);
        calls.spawn(async move { cache.get(now).await });
    }
    let mut got = BTreeMap::new();
    while let Some(outcome) = calls.join_next().await {
        let outcome = match outcome {
            Ok(Ok(list)) => list.join(", "),
            Ok(Err(Unavailable)) => "Unavailable".to_string(),
            Err(_) => "a panic".to_string(),
        };
        *got.entry(outcome).or_default() += 1;
    }
    got
}

fn words(got: &BTreeMap<String, usize>) -> String {
    let got = got.iter().map(|(what, count)| match count {
        1 => format!("1 caller got {what}"),
        count => format!("{count} callers got {what}"),
    });
    got.collect::<Vec<_>>().join(", ")
}

fn queries(count: usize) -> String {
    match count {
        1 => "1 query to Consul".to_string(),
        count => format!("{count} queries to Consul"),
    }
}

fn all(what: &str, count: usize) -> BTreeMap<String, usize> {
    BTreeMap::from([(what.to_string(), count)])
}

const LATE: &str = "Consul answers after 50 ms, and all callers together should have their answer soon after \
                    that.";

// The belief of this exercise.
#[test]
fn a_five_hundred_at_once() {
    case("Five hundred callers at the same moment", |case| {
        let shared = Consul::new(50);
        let (got, asked, one_more) = scene(case, LATE, async move || {
            let cache = shared.cache();
            let got = callers(&cache, 500, Duration::ZERO).await;
            let asked = shared.queries();
            let _ = cache.get(Duration::from_millis(60)).await;
            (got, asked, shared.queries() - asked)
        });
        if asked != 1 {
            let advice = if asked == 0 {
                "There is no answer yet, so one of the callers asks Consul."
            } else if one_more > 0 {
                "Each caller sent a query of its own, all for the same list. One query is enough if the others \
                 wait for its answer."
            } else {
                "A later caller found a fresh answer, so the answer is kept. But all 500 callers looked before one \
                 of them had it: the look and the query have to be one step, in which the others wait."
            };
            case.differ(queries(1), queries(asked), advice);
        }
        let expected = all("answer 1", 500);
        if got != expected {
            case.differ(
                words(&expected),
                words(&got),
                "All callers share the one answer.",
            );
        }
    });
}

#[test]
fn b_fresh_and_no_longer_fresh() {
    case(
        "Five hundred callers 5 s after an answer, and 500 callers after 10.001 s",
        |case| {
            let consul = Consul::new(50);
            let (soon, later) = scene(case, LATE, async move || {
                let cache = consul.cache();
                callers(&cache, 1, Duration::ZERO).await;
                let soon = callers(&cache, 500, FRESH / 2).await;
                let later = callers(&cache, 500, FRESH + Duration::from_millis(1)).await;
                (soon, later)
            });
            let expected = all("answer 1", 500);
            if soon != expected {
                let advice = "After 5 s the answer is still fresh, so no query is needed.";
                case.differ(words(&expected), words(&soon), advice);
            }
            let expected = all("answer 2", 500);
            if later != expected {
                let advice = "The answer was fresh for 10 s at most. Now one caller asks again, and the others wait for \
                          its answer.";
                case.differ(words(&expected), words(&later), advice);
            }
        },
    );
}

#[test]
fn c_a_failure_is_shared() {
    case("Five hundred callers, and Consul is unavailable", |case| {
        let consul = Consul::new(50);
        consul.unavailable.store(true, Ordering::SeqCst);
        let advice = "The callers asked one after the other, and each waited 50 ms for its own failure. A failure \
                      is shared with all callers that waited for it.";
        let shared = Arc::clone(&consul);
        let (failed, during, back) = scene(case, advice, async move || {
            let cache = shared.cache();
            let failed = callers(&cache, 500, Duration::ZERO).await;
            let during = shared.queries();
            shared.unavailable.store(false, Ordering::SeqCst);
            (
                failed,
                during,
                callers(&cache, 10, Duration::from_millis(60)).await,
            )
        });
        let expected = all("Unavailable", 500);
        if failed != expected {
            case.differ(
                words(&expected),
                words(&failed),
                "Consul was unavailable for all callers.",
            );
        }
        if during != 1 {
            case.differ(queries(1), queries(during), advice);
        }
        let expected = all("answer 2", 10);
        if back != expected {
            let advice = "The failure was shared with those who waited for it. These callers came after it, so \
                          one of them asks again.";
            case.differ(words(&expected), words(&back), advice);
        }
    });
}

#[test]
fn d_a_failure_that_takes_longer() {
    case(
        "Fifty callers come one after the other while one query fails slowly",
        |case| {
            let consul = Consul::new(300);
            consul.unavailable.store(true, Ordering::SeqCst);
            let shared = Arc::clone(&consul);
            let advice = "All callers came during the same query, so they share its failure, however long it took.";
            let got = scene(case, advice, async move || {
                let cache = shared.cache();
                let mut calls = JoinSet::new();
                for caller in 0..50 {
                    let cache = Arc::clone(&cache);
                    let now = Duration::from_millis(caller * 4);
                    calls.spawn(async move {
                        sleep(now).await;
                        cache.get(now).await.is_err()
                    });
                }
                calls
                    .join_all()
                    .await
                    .into_iter()
                    .filter(|failed| *failed)
                    .count()
            });
            if consul.queries() != 1 || got != 50 {
                let answer = format!(
                    "{}, {got} callers got Unavailable",
                    queries(consul.queries())
                );
                let expected = format!("{}, 50 callers got Unavailable", queries(1));
                case.differ(expected, answer, advice);
            }
        },
    );
}

#[test]
fn e_the_caller_that_asks_gives_up() {
    case(
        "The first caller gives up after 10 ms, during its query",
        |case| {
            let consul = Consul::new(50);
            let advice = "The first caller was dropped during its query. Nine callers wait for its answer, and no query is \
                      under way: whatever marks a query as under way has to end with the caller that sent \
                      it.";
            let got = scene(case, advice, async move || {
                let cache = consul.cache();
                let others = Arc::clone(&cache);
                let others = tokio::spawn(async move {
                    // They come while the first one asks.
                    sleep(Duration::from_millis(2)).await;
                    callers(&others, 9, Duration::ZERO).await
                });
                let _ = timeout(Duration::from_millis(10), cache.get(Duration::ZERO)).await;
                others.await.unwrap_or_default()
            });
            let expected = all("answer 2", 9);
            if got != expected {
                case.differ(words(&expected), words(&got), advice);
            }
        },
    );
}

/// When a cache asks for the second time, in milliseconds after its first answer.
async fn second_query(cache: &Cache<Query>, consul: &Consul, first: u64) -> u64 {
    let before = consul.queries();
    // No cache may ask much sooner than 7.5 s, so the search begins there.
    let mut after = 7_450;
    while consul.queries() == before && after <= 12_000 {
        after += 25;
        let _ = cache.get(Duration::from_millis(first + after)).await;
    }
    after
}

#[test]
fn f_a_hundred_programs() {
    case(
        "A hundred programs with a cache each start together: when do they ask again?",
        |case| {
            let again = scene(case, LATE, async || {
                let mut again = Vec::new();
                for _ in 0..100 {
                    let consul = Consul::new(0);
                    let cache = consul.cache();
                    let _ = cache.get(Duration::ZERO).await;
                    again.push(second_query(&cache, &consul, 0).await);
                }
                again
            });
            spread(case, &again, "programs");
        },
    );
}

#[test]
fn g_a_hundred_answers() {
    case(
        "One program asks a hundred times: how long is each answer fresh?",
        |case| {
            let again = scene(case, LATE, async || {
                let consul = Consul::new(0);
                let cache = consul.cache();
                let _ = cache.get(Duration::ZERO).await;
                let (mut again, mut now) = (Vec::new(), 0);
                for _ in 0..100 {
                    let after = second_query(&cache, &consul, now).await;
                    again.push(after);
                    now += after;
                }
                again
            });
            spread(case, &again, "answers");
        },
    );
}

/// Fails unless these times, in milliseconds, lie between 7.5 and 10 s and are spread.
fn spread(case: &Case, again: &[u64], what: &str) {
    let first = again.iter().copied().min().unwrap_or(0);
    let last = again.iter().copied().max().unwrap_or(0);
    let most = again
        .iter()
        .map(|one| again.iter().filter(|other| *other == one).count());
    let most = most.max().unwrap_or(0);
    if first < 7_500 || last > 10_025 {
        let answer = format!("{:.2} to {:.2} s", first as f64 / 1e3, last as f64 / 1e3);
        let advice =
            "An answer is fresh for three quarters of 10 s at least, and for 10 s at most.";
        case.differ(
            "queries after 7.50 to 10.00 s",
            format!("after {answer}"),
            advice,
        );
    }
    if most > 30 {
        let advice = if what == "answers" {
            "Each answer is fresh for a random time of its own. With one time for all answers, programs that have \
             met once meet again each time."
        } else {
            "All programs asked again at the same moment, and so they will each time. `random_freshness` spreads \
             them."
        };
        let answer = format!("{most} of 100 {what} after the same time");
        case.differ("queries spread over 7.5 to 10 s", answer, advice);
    }
}
