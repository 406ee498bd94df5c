//! The clock of the agent, as a value that a test can replace.
//!
//! Everything that waits here (a TTL, the pause between two checks, the reaper, a blocking query)
//! asks this clock and never the machine. In service it is the machine's time. In a test it is a clock
//! that stands still until [`Clock::advance`] moves it, so that a minute passes in a millisecond, and
//! passes in the same order every time. Tokio can pause its own time, but only on one thread and for
//! the whole runtime: real sockets and a stopped clock do not go together there.

use std::collections::BTreeMap;
use std::future::Future;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{oneshot, watch};

/// How long [`Clock::advance`] waits, in real time, for those it woke. A check that calls a server
/// which never answers would hold it without limit.
const SETTLE: Duration = Duration::from_millis(500);

/// A point in time: how long the clock has been running.
pub type Moment = Duration;

/// A clock, real or driven by hand. Clones show the same time.
#[derive(Clone, Debug)]
pub struct Clock(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Real(Instant),
    Manual(Arc<Manual>),
}

impl Clock {
    /// The machine's own time.
    pub fn real() -> Clock {
        Clock(Kind::Real(Instant::now()))
    }

    /// A clock that stands still until a call of [`Clock::advance`].
    pub fn manual() -> Clock {
        Clock(Kind::Manual(Arc::new(Manual {
            state: Mutex::new(Sleepers::default()),
            awake: watch::Sender::new(0),
        })))
    }

    /// Returns the time of the clock.
    pub fn now(&self) -> Moment {
        match &self.0 {
            Kind::Real(start) => start.elapsed(),
            Kind::Manual(manual) => manual.lock().now,
        }
    }

    /// Sleeps for `time`, counted from this call and not from the first poll: a caller that spawns a task
    /// that begins with a sleep makes the sleep first, and no advance can slip in between.
    ///
    /// Keep the [`Awake`] until the work is done for which this was a wait.
    pub fn sleep(&self, time: Duration) -> impl Future<Output = Awake> + Send + use<> {
        let sleep = match &self.0 {
            Kind::Real(_) => Err(tokio::time::Instant::now() + time),
            Kind::Manual(manual) => Ok(manual.clone().register(time)),
        };
        async move {
            match sleep {
                Err(until) => {
                    tokio::time::sleep_until(until).await;
                    Awake(None)
                }
                Ok(mut sleeper) => match (&mut sleeper.woken).await {
                    Ok(awake) => awake,
                    // The sender is dropped only together with the clock: it is not moved again.
                    Err(_) => std::future::pending().await,
                },
            }
        }
    }

    /// A random part of `most`, so that a thousand callers do not come at once. By hand: half of it,
    /// every time.
    pub fn jitter(&self, most: Duration) -> Duration {
        match &self.0 {
            // The standard library's seed for hash maps is random enough for this, and saves a crate.
            Kind::Real(_) => {
                let random = RandomState::new().build_hasher().finish() >> 32;
                most.mul_f64(random as f64 / f64::from(u32::MAX))
            }
            Kind::Manual(_) => most / 2,
        }
    }

    /// Moves a manual clock on, sleeper by sleeper in the order of their times. Each one has done its
    /// work and sleeps again (or half a second of real time is over) before the next one is woken.
    ///
    /// # Panics
    ///
    /// On a real clock, which cannot be moved.
    pub async fn advance(&self, time: Duration) {
        let Kind::Manual(manual) = &self.0 else {
            panic!("a real clock cannot be moved")
        };
        let target = manual.lock().now + time;
        let mut awake = manual.awake.subscribe();
        while let Some(wake) = manual.next(target) {
            // A sleeper that is gone gives its `Awake` back, and the count is right again.
            drop(wake.send(manual.clone().awake()));
            drop(tokio::time::timeout(SETTLE, awake.wait_for(|count| *count == 0)).await);
        }
    }
}

/// Held by a task that a manual clock woke, for as long as it is at work.
#[derive(Debug)]
pub struct Awake(Option<Arc<Manual>>);

impl Drop for Awake {
    fn drop(&mut self) {
        if let Some(manual) = &self.0 {
            manual.awake.send_modify(|count| *count -= 1);
        }
    }
}

#[derive(Debug)]
struct Manual {
    state: Mutex<Sleepers>,
    awake: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct Sleepers {
    now: Moment,
    // The second number tells apart two that wake at the same time, and keeps their order.
    waiting: BTreeMap<(Moment, u64), oneshot::Sender<Awake>>,
    count: u64,
}

impl Manual {
    fn lock(&self) -> MutexGuard<'_, Sleepers> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn register(self: Arc<Self>, time: Duration) -> Sleeper {
        let (wake, woken) = oneshot::channel();
        let mut state = self.lock();
        state.count += 1;
        let key = (state.now.saturating_add(time), state.count);
        state.waiting.insert(key, wake);
        drop(state);
        Sleeper {
            key,
            woken,
            manual: self,
        }
    }

    /// Takes the next sleeper up to `target` and sets the clock to its time; without one, to `target`.
    fn next(&self, target: Moment) -> Option<oneshot::Sender<Awake>> {
        let mut state = self.lock();
        match state.waiting.first_entry() {
            Some(first) if first.key().0 <= target => {
                let ((time, _), wake) = first.remove_entry();
                state.now = state.now.max(time);
                Some(wake)
            }
            _ => {
                state.now = state.now.max(target);
                None
            }
        }
    }

    fn awake(self: Arc<Self>) -> Awake {
        self.awake.send_modify(|count| *count += 1);
        Awake(Some(self))
    }
}

struct Sleeper {
    key: (Moment, u64),
    woken: oneshot::Receiver<Awake>,
    manual: Arc<Manual>,
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        self.manual.lock().waiting.remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn sleepers_wake_in_the_order_of_their_times() {
        let clock = Clock::manual();
        let log = Arc::new(Mutex::new(Vec::new()));
        for seconds in [3, 1, 2] {
            let sleep = clock.sleep(SECOND * seconds);
            let (log, clock) = (log.clone(), clock.clone());
            tokio::spawn(async move {
                let _awake = sleep.await;
                log.lock().unwrap().push((seconds, clock.now().as_secs()));
            });
        }
        clock.advance(SECOND * 2).await;
        assert_eq!(*log.lock().unwrap(), [(1, 1), (2, 2)]);
        clock.advance(SECOND * 10).await;
        assert_eq!(*log.lock().unwrap(), [(1, 1), (2, 2), (3, 3)]);
        assert_eq!(clock.now(), SECOND * 12);
    }

    #[tokio::test]
    async fn a_task_that_repeats_runs_as_often_as_it_would_have() {
        let clock = Clock::manual();
        let (count, seen) = watch::channel(0);
        let mut next =
            Box::pin(clock.sleep(SECOND)) as std::pin::Pin<Box<dyn Future<Output = _> + Send>>;
        let ticking = clock.clone();
        tokio::spawn(async move {
            loop {
                let _awake = next.await;
                count.send_modify(|count| *count += 1);
                next = Box::pin(ticking.sleep(SECOND));
            }
        });
        clock.advance(SECOND * 60).await;
        assert_eq!(*seen.borrow(), 60);
    }

    #[tokio::test]
    async fn a_sleep_that_is_dropped_leaves_nothing_behind() {
        let clock = Clock::manual();
        drop(clock.sleep(SECOND));
        let Kind::Manual(manual) = &clock.0 else {
            unreachable!()
        };
        assert!(manual.lock().waiting.is_empty());
        clock.advance(SECOND * 2).await;
    }
}
