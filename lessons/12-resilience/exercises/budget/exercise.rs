// Given in given.rs, beside this file: `CALLS_PER_TOKEN`, `MOST_TOKENS`, and a `Mutex` that is std's.
pub use super::given::*;

/// The tokens for retries. All calls of a program share them, from many threads.
///
/// * A new budget has `MOST_TOKENS` tokens, and more are never kept.
/// * Each call earns a tenth of a token: exactly `CALLS_PER_TOKEN` calls earn a whole one. In floating point, ten
///   times 0.1 is less than 1.
/// * A retry takes one whole token. If there is less than one, the retry is refused, and nothing is taken.
/// * One token allows one retry, also when two threads ask at the same time.
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
    pub fn call_begins(&self) {}

    /// Whether one retry may be made.
    pub fn may_retry(&self) -> bool {
        let parts = self.parts.lock().unwrap();
        *parts >= CALLS_PER_TOKEN
    }
}
