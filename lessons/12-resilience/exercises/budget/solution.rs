//! The budget separates a bad moment from an outage, and needs to know neither. If one call in twenty fails, tokens
//! are earned faster than retries take them. If all calls fail, one call in ten is retried. It is counted in tenths
//! of a token, as whole numbers, because 0.1 ten times is not 1. The upper limit keeps a quiet night from paying for
//! a storm. To look and to take is one step under one lock: otherwise two threads take the same token.

// Given in given.rs, beside this file: `CALLS_PER_TOKEN`, `MOST_TOKENS`, and a `Mutex` that is std's.
pub use super::given::*;

/// The tokens for retries. All calls of a program share them, from many threads.
pub struct RetryBudget {
    /// The tokens, in the parts of which each call earns one.
    parts: Mutex<u32>,
}

impl RetryBudget {
    pub fn new() -> Self {
        let parts = Mutex::new(MOST_TOKENS * CALLS_PER_TOKEN);
        RetryBudget { parts }
    }

    /// A call begins. Its first attempt needs no token.
    pub fn call_begins(&self) {
        let mut parts = self.parts.lock().unwrap();
        *parts = (*parts + 1).min(MOST_TOKENS * CALLS_PER_TOKEN);
    }

    /// Whether one retry may be made.
    pub fn may_retry(&self) -> bool {
        let mut parts = self.parts.lock().unwrap();
        let left = parts.checked_sub(CALLS_PER_TOKEN);
        *parts = left.unwrap_or(*parts);
        left.is_some()
    }
}
