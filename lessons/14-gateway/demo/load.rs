//! Browsers that ask all the time, and a count of what becomes of it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::ask;

/// What has become of all requests so far.
#[derive(Clone, Debug, Default)]
pub struct Count {
    /// How many answers each instance has given.
    pub by: BTreeMap<String, u64>,
    /// What failed requests got, and how often.
    pub failed: BTreeMap<String, u64>,
    /// Requests that took so long that an attempt was given up on the way.
    pub slow: u64,
    /// The longest request.
    pub longest: Duration,
}

impl Count {
    /// Those with an answer.
    #[must_use]
    pub fn answered(&self) -> u64 {
        self.by.values().sum()
    }

    /// Those without.
    #[must_use]
    pub fn failures(&self) -> u64 {
        self.failed.values().sum()
    }

    /// How many answers this instance has given.
    #[must_use]
    pub fn of(&self, instance: &str) -> u64 {
        self.by.get(instance).copied().unwrap_or(0)
    }
}

/// Browsers at work.
#[derive(Debug)]
pub struct Load {
    count: Arc<Mutex<Count>>,
    stop: watch::Sender<bool>,
    browsers: JoinSet<()>,
}

impl Load {
    /// Starts so many. Each asks, pauses, and asks again. `slow` is what counts as slow.
    #[must_use]
    pub fn start(browsers: usize, pause: Duration, slow: Duration, gateway: SocketAddr) -> Self {
        let (stop, stopped) = watch::channel(false);
        let mut load = Load {
            count: Arc::default(),
            stop,
            browsers: JoinSet::new(),
        };
        for _ in 0..browsers {
            let (count, stopped) = (Arc::clone(&load.count), stopped.clone());
            load.browsers.spawn(async move {
                while !*stopped.borrow() {
                    let since = Instant::now();
                    let outcome = hello(gateway).await;
                    note(&count, since.elapsed(), slow, outcome);
                    sleep(pause).await;
                }
            });
        }
        load
    }

    /// What has become of the requests until now.
    #[must_use]
    pub fn count(&self) -> Count {
        lock(&self.count).clone()
    }

    /// Waits until this instance has given so many answers; `false` if that takes longer than `limit`.
    pub async fn answers_of(&self, instance: &str, answers: u64, limit: Duration) -> bool {
        let answered = async {
            while lock(&self.count).of(instance) < answers {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(limit, answered).await.is_ok()
    }

    /// Lets everybody finish the request that is under way, and makes no further one.
    pub async fn stop(mut self) -> Count {
        self.stop.send_replace(true);
        while self.browsers.join_next().await.is_some() {}
        self.count()
    }
}

/// `GET /user/say/hello?name=huohuo`: who has answered, or what came instead.
///
/// # Errors
/// What came instead.
pub async fn hello(gateway: SocketAddr) -> Result<String, String> {
    let answer = ask::get("/user/say/hello?name=huohuo").send(gateway).await;
    let answer = answer.map_err(|error| format!("no answer: {error}"))?;
    let json = answer.json();
    match (answer.status, json["answeredBy"].as_str()) {
        (200, Some(by)) => Ok(by.to_string()),
        (status, _) => {
            let message = json["message"].as_str().unwrap_or(&answer.body);
            Err(format!("{status} {message}"))
        }
    }
}

fn lock(count: &Mutex<Count>) -> MutexGuard<'_, Count> {
    count.lock().unwrap_or_else(PoisonError::into_inner)
}

fn note(count: &Mutex<Count>, took: Duration, slow: Duration, outcome: Result<String, String>) {
    let mut count = lock(count);
    count.longest = count.longest.max(took);
    count.slow += u64::from(took >= slow);
    let (counted, what) = match outcome {
        Ok(instance) => (&mut count.by, instance),
        Err(words) => (&mut count.failed, words),
    };
    *counted.entry(what).or_default() += 1;
}
