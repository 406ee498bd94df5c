//! Callers who call all the time, and a count of what becomes of it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

/// A call that has failed.
#[derive(Clone, Debug)]
pub struct Failure {
    /// When it was known.
    pub when: Instant,
    /// What the caller got.
    pub words: String,
}

/// What has become of all calls so far.
#[derive(Clone, Debug, Default)]
pub struct Count {
    /// Calls that have their answer.
    pub answered: u64,
    /// Those that have failed.
    pub failed: Vec<Failure>,
    /// How many answers each instance has given.
    pub by: BTreeMap<String, u64>,
    /// The longest call, attempts and pauses included.
    pub longest: Duration,
}

impl Count {
    /// All calls that have ended.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.answered + self.failed.len() as u64
    }

    /// How many answers this instance has given.
    #[must_use]
    pub fn of(&self, instance: &str) -> u64 {
        self.by.get(instance).copied().unwrap_or(0)
    }
}

/// Callers at work.
#[derive(Debug)]
pub struct Load {
    count: Arc<Mutex<Count>>,
    stop: watch::Sender<bool>,
    callers: JoinSet<()>,
}

impl Load {
    /// Starts so many callers. Each makes a call, pauses, and makes the next one. `call` returns who
    /// has answered, or what went wrong.
    pub fn start<F>(callers: usize, pause: Duration, call: impl Fn() -> F) -> Self
    where
        F: AsyncCall,
    {
        let (stop, stopped) = watch::channel(false);
        let mut load = Load {
            count: Arc::default(),
            stop,
            callers: JoinSet::new(),
        };
        for _ in 0..callers {
            let (call, count, stopped) = (call(), Arc::clone(&load.count), stopped.clone());
            load.callers.spawn(async move {
                while !*stopped.borrow() {
                    let since = Instant::now();
                    let outcome = call.make().await;
                    note(&count, since.elapsed(), outcome);
                    sleep(pause).await;
                }
            });
        }
        load
    }

    /// What has become of the calls until now.
    #[must_use]
    pub fn count(&self) -> Count {
        lock(&self.count).clone()
    }

    /// Waits until this instance has answered so many calls; `false` if that takes longer than
    /// `limit`.
    pub async fn answers_of(&self, instance: &str, calls: u64, limit: Duration) -> bool {
        let answered = async {
            while lock(&self.count).of(instance) < calls {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(limit, answered).await.is_ok()
    }

    /// Lets everybody finish the call that is under way, and makes no further one.
    pub async fn stop(mut self) -> Count {
        self.stop.send_replace(true);
        while self.callers.join_next().await.is_some() {}
        self.count()
    }
}

/// One call, which may be made again and again.
pub trait AsyncCall: Send + Sync + 'static {
    /// Makes it: who has answered, or what went wrong.
    fn make(&self) -> impl Future<Output = Result<String, String>> + Send;
}

fn lock(count: &Mutex<Count>) -> MutexGuard<'_, Count> {
    count.lock().unwrap_or_else(PoisonError::into_inner)
}

fn note(count: &Mutex<Count>, took: Duration, outcome: Result<String, String>) {
    let mut count = lock(count);
    count.longest = count.longest.max(took);
    match outcome {
        Ok(instance) => {
            count.answered += 1;
            *count.by.entry(instance).or_default() += 1;
        }
        Err(words) => count.failed.push(Failure {
            when: Instant::now(),
            words,
        }),
    }
}
