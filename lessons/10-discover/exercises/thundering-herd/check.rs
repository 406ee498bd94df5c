//! The check of `thundering-herd`. Consul needs 50 ms for an answer, and counts.

mod exercise;

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use exercise::{Away, Cache, GOOD, List, SORE};
use services::testkit::{Case, PATIENCE, View, case};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// What Consul does, and what it has seen.
#[derive(Default)]
struct Consul {
    asked: AtomicUsize,
    away: AtomicBool,
    /// Answers at once.
    quick: bool,
}

type Asked = Pin<Box<dyn Future<Output = Result<List, Away>> + Send>>;
type Ask = Box<dyn Fn() -> Asked + Send + Sync>;

fn cache(consul: &Arc<Consul>) -> Arc<Cache<Ask>> {
    let consul = Arc::clone(consul);
    let ask: Ask = Box::new(move || {
        let consul = Arc::clone(&consul);
        Box::pin(async move {
            let number = consul.asked.fetch_add(1, Ordering::SeqCst) + 1;
            if !consul.quick {
                sleep(Duration::from_millis(50)).await;
            }
            if consul.away.load(Ordering::SeqCst) {
                return Err(Away);
            }
            Ok(Arc::new(vec![format!("answer {number}")]))
        })
    });
    Arc::new(Cache::new(ask))
}

/// Runs a scene.
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

/// So many callers in the same moment; what they got, and how often each of it.
async fn crowd(cache: &Arc<Cache<Ask>>, callers: usize, now: Duration) -> BTreeMap<String, usize> {
    let mut calls = JoinSet::new();
    for _ in 0..callers {
        let cache = Arc::clone(cache);
        calls.spawn(async move { cache.get(now).await });
    }
    let mut got = BTreeMap::new();
    while let Some(outcome) = calls.join_next().await {
        let outcome = match outcome {
            Ok(Ok(list)) => list.join(", "),
            Ok(Err(Away)) => "Away".to_string(),
            Err(_) => "a panic".to_string(),
        };
        *got.entry(outcome).or_default() += 1;
    }
    got
}

fn words(got: &BTreeMap<String, usize>) -> String {
    let got = got
        .iter()
        .map(|(what, times)| format!("{times} times {what}"));
    got.collect::<Vec<_>>().join(", ")
}

const LATE: &str = "Consul answers after 50 ms, and all callers together should have their answer soon \
                    after that.";

// The belief of this exercise. It is true for one caller, and for ten.
#[test]
fn a_five_hundred_at_once() {
    case("Five hundred callers in the same moment", |case| {
        let consul = Arc::new(Consul::default());
        let shared = Arc::clone(&consul);
        let got = scene(case, LATE, async move || {
            crowd(&cache(&shared), 500, Duration::ZERO).await
        });
        let asked = consul.asked.load(Ordering::SeqCst);
        if asked != 1 {
            let advice = "500 callers asked Consul within 5 ms, for the same list. If there was a look at \
                          what is kept, all of them looked before one of them had an answer: who asks has \
                          to keep the others waiting.";
            case.differ("1 question", format!("{asked} questions"), advice);
        }
        let all = BTreeMap::from([("answer 1".to_string(), 500)]);
        if got != all {
            case.differ(
                words(&all),
                words(&got),
                "All of them wait for the one answer.",
            );
        }
    });
}

#[test]
fn b_good_for_a_while_and_not_for_ever() {
    case("The same callers later", |case| {
        let consul = Arc::new(Consul::default());
        let shared = Arc::clone(&consul);
        let (soon, later) = scene(case, LATE, async move || {
            let cache = cache(&shared);
            crowd(&cache, 1, Duration::ZERO).await;
            let soon = crowd(&cache, 500, GOOD / 2).await;
            (
                soon,
                crowd(&cache, 500, GOOD + Duration::from_millis(1)).await,
            )
        });
        let kept = BTreeMap::from([("answer 1".to_string(), 500)]);
        if soon != kept {
            let advice = "After 5 s the answer is still good: nobody has to ask.";
            case.differ(words(&kept), words(&soon), advice);
        }
        let new = BTreeMap::from([("answer 2".to_string(), 500)]);
        if later != new {
            let advice = "The answer was good for 10 s, and this list is from yesterday: one of them asks \
                          again, and the others wait for that.";
            case.differ(words(&new), words(&later), advice);
        }
    });
}

#[test]
fn c_a_failure_is_shared() {
    case("Five hundred callers, and Consul is away", |case| {
        let consul = Arc::new(Consul::default());
        consul.away.store(true, Ordering::SeqCst);
        let shared = Arc::clone(&consul);
        let advice = "Nobody gets an answer: 500 callers waited for Consul one after the other, 50 ms each. \
                      A failure is the answer for all who have waited for it.";
        let (failed, back) = scene(case, advice, async move || {
            let cache = cache(&shared);
            let failed = crowd(&cache, 500, Duration::ZERO).await;
            shared.away.store(false, Ordering::SeqCst);
            let back = crowd(&cache, 10, SORE * 2).await;
            (failed, back)
        });
        let all = BTreeMap::from([("Away".to_string(), 500)]);
        if failed != all {
            case.differ(
                words(&all),
                words(&failed),
                "Consul was away for all of them.",
            );
        }
        if back.contains_key("Away") {
            let advice = "A failure is good for 100 ms; after that somebody has to look again.";
            case.differ("an answer 200 ms later", words(&back), advice);
        }
    });
}

#[test]
fn d_one_who_asks_loses_patience() {
    case("The first caller gives up after 10 ms", |case| {
        let consul = Arc::new(Consul::default());
        let advice = "The first one has begun to ask and was dropped. Nine others wait for its answer, and \
                      nobody asks any more: whatever says that somebody is asking has to end with the one \
                      who does.";
        let got = scene(case, advice, async move || {
            let cache = cache(&consul);
            let others = Arc::clone(&cache);
            let others = tokio::spawn(async move {
                // They come while the first one is asking.
                sleep(Duration::from_millis(2)).await;
                crowd(&others, 9, Duration::ZERO).await
            });
            let _ = timeout(Duration::from_millis(10), cache.get(Duration::ZERO)).await;
            others.await.unwrap_or_default()
        });
        if got.values().sum::<usize>() != 9 || got.contains_key("Away") {
            case.differ("9 times an answer", words(&got), advice);
        }
    });
}

#[test]
fn e_a_hundred_programs_ask_again() {
    case("A hundred programs that were started together", |case| {
        let again = scene(case, LATE, async || {
            let mut again: BTreeMap<u64, usize> = BTreeMap::new();
            for _ in 0..100 {
                let consul = Arc::new(Consul {
                    quick: true,
                    ..Consul::default()
                });
                let cache = cache(&consul);
                let _ = cache.get(Duration::ZERO).await;
                // Nobody may ask much sooner than 7.5 s, so that is where looking begins.
                let mut at = 7_450;
                while consul.asked.load(Ordering::SeqCst) < 2 && at <= 12_000 {
                    at += 25;
                    let _ = cache.get(Duration::from_millis(at)).await;
                }
                *again.entry(at).or_default() += 1;
            }
            again
        });
        let (first, last) = (again.keys().next(), again.keys().last());
        let (first, last) = (first.copied().unwrap_or(0), last.copied().unwrap_or(0));
        let most = again.values().max().copied().unwrap_or(0);
        if most > 30 {
            let advice = "All of them asked again in the same moment, and so they will for ever. Let each \
                          draw lots.";
            let answer = format!(
                "{most} of 100 after {}",
                Duration::from_millis(first).view()
            );
            case.differ("anything from 7.5 to 10 s", answer, advice);
        }
        if first < 7_500 || last > 10_025 {
            let answer = format!("{first} to {last} ms");
            let advice = "Three quarters of the time at least, all of it at most.";
            case.differ("7500 to 10000 ms", answer, advice);
        }
    });
}
