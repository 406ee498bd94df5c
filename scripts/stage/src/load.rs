//! A load generator: callers that call all the time, or so many calls in all, and a count of what became
//! of them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::lock;
use crate::measure::Times;

/// A call that has failed.
#[derive(Clone, Debug)]
pub struct Failure {
    /// When the caller knew.
    pub when: Instant,
    /// What the caller got.
    pub words: String,
}

/// The counts of all calls that have ended.
#[derive(Clone, Debug, Default)]
pub struct Count {
    /// How many answers each instance has given.
    pub by: BTreeMap<String, u64>,
    /// The calls that have failed, in the order in which they did.
    pub failed: Vec<Failure>,
    /// How long each call took, answered or failed, attempts and pauses included.
    pub took: Vec<Duration>,
}

impl Count {
    /// Calls that have ended.
    pub fn calls(&self) -> u64 {
        self.took.len() as u64
    }

    /// Calls that have their answer.
    pub fn answered(&self) -> u64 {
        self.by.values().sum()
    }

    /// Returns the number of answers of this instance.
    pub fn of(&self, instance: &str) -> u64 {
        self.by.get(instance).copied().unwrap_or(0)
    }

    /// Returns the errors of failed calls, each with its number.
    pub fn failures(&self) -> BTreeMap<&str, u64> {
        let mut failures = BTreeMap::new();
        for failure in &self.failed {
            *failures.entry(failure.words.as_str()).or_default() += 1;
        }
        failures
    }

    /// The longest call; zero if there was none.
    pub fn longest(&self) -> Duration {
        self.took.iter().max().copied().unwrap_or_default()
    }

    /// Returns the number of calls that took this long or longer.
    pub fn slow(&self, limit: Duration) -> u64 {
        self.took.iter().filter(|took| **took >= limit).count() as u64
    }

    /// The latencies, for percentiles.
    pub fn times(&self) -> Times {
        Times::from(self.took.clone())
    }
}

/// Callers at work. They end with this value.
#[derive(Debug)]
pub struct Load {
    count: Arc<Mutex<Count>>,
    stop: watch::Sender<bool>,
    callers: JoinSet<()>,
}

impl Load {
    /// Starts so many callers. Each makes a call, pauses, and makes the next one. `call` returns the
    /// instance that has answered, or what went wrong.
    pub fn start<F>(
        callers: usize,
        pause: Duration,
        call: impl Fn() -> F + Clone + Send + 'static,
    ) -> Self
    where
        F: Future<Output = Result<String, String>> + Send + 'static,
    {
        let (stop, stopped) = watch::channel(false);
        let mut load = Load {
            count: Arc::default(),
            stop,
            callers: JoinSet::new(),
        };
        for _ in 0..callers {
            let (call, count, stopped) = (call.clone(), Arc::clone(&load.count), stopped.clone());
            load.callers.spawn(async move {
                while !*stopped.borrow() {
                    let since = Instant::now();
                    let outcome = call().await;
                    note(&count, since, outcome);
                    sleep(pause).await;
                }
            });
        }
        load
    }

    /// Returns the counts of the calls until now.
    pub fn count(&self) -> Count {
        lock(&self.count).clone()
    }

    /// Waits until this instance has given so many answers; false if that takes longer than `limit`.
    pub async fn answers_of(&self, instance: &str, answers: u64, limit: Duration) -> bool {
        let answered = async {
            while lock(&self.count).of(instance) < answers {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(limit, answered).await.is_ok()
    }

    /// Lets every caller finish the call that is under way, and makes no further one.
    pub async fn stop(mut self) -> Count {
        self.stop.send_replace(true);
        while self.callers.join_next().await.is_some() {}
        self.count()
    }
}

/// Makes `calls` calls, `at_once` of them at the same time, and waits for all. `call` gets the number of
/// the call, from 0, and returns the instance that has answered, or what went wrong.
pub async fn calls<F>(
    calls: usize,
    at_once: usize,
    call: impl Fn(usize) -> F + Clone + Send + 'static,
) -> Count
where
    F: Future<Output = Result<String, String>> + Send + 'static,
{
    let next = Arc::new(AtomicUsize::new(0));
    let count = Arc::new(Mutex::new(Count::default()));
    let mut callers = JoinSet::new();
    for _ in 0..at_once {
        let (call, next, count) = (call.clone(), Arc::clone(&next), Arc::clone(&count));
        callers.spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::SeqCst);
                if number >= calls {
                    return;
                }
                let since = Instant::now();
                let outcome = call(number).await;
                note(&count, since, outcome);
            }
        });
    }
    callers.join_all().await;
    std::mem::take(&mut *lock(&count))
}

fn note(count: &Mutex<Count>, since: Instant, outcome: Result<String, String>) {
    let (took, when) = (since.elapsed(), Instant::now());
    let mut count = lock(count);
    count.took.push(took);
    match outcome {
        Ok(instance) => *count.by.entry(instance).or_default() += 1,
        Err(words) => count.failed.push(Failure { when, words }),
    }
}
