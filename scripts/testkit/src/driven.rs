//! Time that a check drives: an hour passes as soon as no task has anything to do before it is over.
//!
//! tokio can do this as well, with its feature `test-util`. That would be one more set of features of
//! tokio for all members, for the sake of a few checks; and it needs a runtime, whose other parts then run
//! in real time beside it. Here is one future on one thread, and nothing else.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

/// So often a future may be polled while the time stands still. A future that gets here never sleeps.
const MOST: usize = 100_000;

/// The time. Clones show the same one.
#[derive(Clone, Default)]
pub struct Clock(Arc<Mutex<Time>>);

#[derive(Default)]
struct Time {
    now: Duration,
    /// Who sleeps, by the end of it; the number tells those with the same end apart.
    sleepers: BTreeMap<(Duration, u64), Waker>,
    next: u64,
}

impl Clock {
    /// A clock that shows 0.
    pub fn new() -> Self {
        Clock::default()
    }

    fn time(&self) -> MutexGuard<'_, Time> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the time of the clock: the time since it was made.
    pub fn now(&self) -> Duration {
        self.time().now
    }

    /// Sleeps so long by this clock, from now on. A clock stands still unless [`run`] moves it.
    pub fn sleep(&self, time: Duration) -> Sleep {
        Sleep {
            until: self.now().saturating_add(time),
            number: None,
            clock: self.clone(),
        }
    }

    /// Moves on to the end of the next sleep, and wakes all who have slept until then. It stops at `end`.
    fn next(&self, end: Duration) -> Result<(), Stuck> {
        let mut time = self.time();
        let Some((&(next, _), _)) = time.sleepers.first_key_value() else {
            return Err(Stuck::Forever);
        };
        if next >= end {
            time.now = end;
            return Err(Stuck::Late);
        }
        time.now = time.now.max(next);
        let later = time.sleepers.split_off(&(next, u64::MAX));
        let awake = std::mem::replace(&mut time.sleepers, later);
        // Not under the lock: a waker may be anything.
        drop(time);
        awake.into_values().for_each(Waker::wake);
        Ok(())
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({:?})", self.now())
    }
}

/// A sleep by a [`Clock`]. Dropped, it is forgotten.
#[derive(Debug)]
pub struct Sleep {
    until: Duration,
    number: Option<u64>,
    clock: Clock,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let clock = self.clock.clone();
        let mut time = clock.time();
        if time.now >= self.until {
            return Poll::Ready(());
        }
        let number = self.number.unwrap_or(time.next);
        if self.number.is_none() {
            time.next += 1;
            self.number = Some(number);
        }
        let key = (self.until, number);
        time.sleepers.insert(key, context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            self.clock.time().sleepers.remove(&(self.until, number));
        }
    }
}

/// Why a future has not ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stuck {
    /// The clock has reached the time that it was given.
    Late,
    /// No task sleeps by the clock, and none was woken: it waits for something that never comes. Sleeping by another
    /// clock looks like this as well.
    Forever,
    /// It is woken again and again, and the time stands still.
    Busy,
}

/// Whether the future has been woken since it was asked last.
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Release);
    }
}

/// Drives a future to its end. Whenever it waits, the clock moves on to the end of the next sleep, but never
/// beyond `end`.
///
/// # Errors
/// [`Stuck`]: there is no end.
pub fn run<F: Future>(clock: &Clock, end: Duration, future: F) -> Result<F::Output, Stuck> {
    let woken = Arc::new(Woken(AtomicBool::new(false)));
    let waker = Waker::from(Arc::clone(&woken));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    let mut polled = 0;
    let mut now = clock.now();
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return Ok(output);
        }
        polled += 1;
        if !woken.0.swap(false, Ordering::AcqRel) {
            clock.next(end)?;
            woken.0.store(false, Ordering::Release);
        }
        if clock.now() > now {
            (now, polled) = (clock.now(), 0);
        }
        if polled >= MOST {
            return Err(Stuck::Busy);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn an_hour_takes_no_time() {
        let clock = Clock::new();
        let shown = run(&clock, HOUR * 2, async {
            clock.sleep(HOUR).await;
            clock.now()
        });
        assert_eq!(shown, Ok(HOUR));
    }

    #[test]
    fn sleepers_wake_in_order_and_the_forgotten_never() {
        let clock = Clock::new();
        let order = Mutex::new(Vec::new());
        let sleeper = |name: &'static str, seconds: u64| {
            let (clock, order) = (&clock, &order);
            async move {
                clock.sleep(Duration::from_secs(seconds)).await;
                order.lock().unwrap().push((name, clock.now().as_secs()));
            }
        };
        let mut long = Box::pin(clock.sleep(HOUR));
        let ended = run(&clock, HOUR * 2, async {
            let mut all = [
                Box::pin(sleeper("b", 2)),
                Box::pin(sleeper("a", 1)),
                Box::pin(sleeper("c", 2)),
            ];
            let mut open = [true; 3];
            std::future::poll_fn(|context| {
                // A task that goes away before the end of the sleep.
                let _ = long.as_mut().poll(context);
                for (future, open) in all.iter_mut().zip(&mut open) {
                    *open = *open && future.as_mut().poll(context).is_pending();
                }
                if open.contains(&true) {
                    Poll::Pending
                } else {
                    Poll::Ready(())
                }
            })
            .await;
        });
        assert_eq!(ended, Ok(()));
        assert_eq!(*order.lock().unwrap(), [("a", 1), ("b", 2), ("c", 2)]);
        drop(long);
        assert_eq!(
            run(&clock, HOUR, std::future::pending::<()>()),
            Err(Stuck::Forever)
        );
    }

    #[test]
    fn three_ways_to_be_stuck() {
        let clock = Clock::new();
        let late = run(&clock, HOUR, clock.sleep(HOUR * 2));
        assert_eq!((late, clock.now()), (Err(Stuck::Late), HOUR));
        let forever = run(&clock, HOUR * 2, std::future::pending::<()>());
        assert_eq!(forever, Err(Stuck::Forever));
        let busy = run(
            &clock,
            HOUR * 2,
            std::future::poll_fn(|context| {
                context.waker().wake_by_ref();
                Poll::<()>::Pending
            }),
        );
        assert_eq!(busy, Err(Stuck::Busy));
    }
}
