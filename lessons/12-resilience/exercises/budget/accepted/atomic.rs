//! Accepted: one atomic number in place of a lock. `fetch_update` repeats the step when another thread was faster.

use std::sync::atomic::{AtomicU32, Ordering};

// Given in given.rs, beside this file: `CALLS_PER_TOKEN`, `MOST_TOKENS`, and a `Mutex` that is std's.
pub use super::given::*;

/// The tokens for retries. All calls of a program share them, from many threads.
pub struct RetryBudget {
    tenths: AtomicU32,
}

impl RetryBudget {
    pub fn new() -> Self {
        let tenths = AtomicU32::new(MOST_TOKENS * CALLS_PER_TOKEN);
        RetryBudget { tenths }
    }

    /// A call begins. Its first attempt needs no token.
    pub fn call_begins(&self) {
        let more = |tenths| (tenths < MOST_TOKENS * CALLS_PER_TOKEN).then_some(tenths + 1);
        let _ = (self.tenths).fetch_update(Ordering::SeqCst, Ordering::SeqCst, more);
    }

    /// Whether one retry may be made.
    pub fn may_retry(&self) -> bool {
        let less = |tenths: u32| tenths.checked_sub(CALLS_PER_TOKEN);
        (self.tenths)
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, less)
            .is_ok()
    }
}
