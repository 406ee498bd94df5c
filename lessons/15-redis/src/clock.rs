//! The time of a server; tests bring one that they can move.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A clock. Clones show the same time.
#[derive(Clone, Debug, Default)]
pub struct Clock(Option<Arc<AtomicU64>>);

impl Clock {
    /// Returns the clock of the machine.
    pub fn real() -> Self {
        Clock(None)
    }

    /// A clock that stands still until [`advance`](Self::advance) moves it.
    pub fn by_hand() -> Self {
        Clock(Some(Arc::new(AtomicU64::new(now()))))
    }

    /// Returns the milliseconds since 1970.
    pub fn now_ms(&self) -> u64 {
        self.0
            .as_ref()
            .map_or_else(now, |hand| hand.load(Ordering::SeqCst))
    }

    /// Moves a clock that is moved by hand.
    pub fn advance(&self, by: Duration) {
        if let Some(hand) = &self.0 {
            let ms = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
            hand.fetch_add(ms, Ordering::SeqCst);
        }
    }
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}
