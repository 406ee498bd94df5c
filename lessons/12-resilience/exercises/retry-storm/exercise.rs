use std::sync::Mutex;

// Given in given.rs, beside this file: `ATTEMPTS`, `Failure`, `RetryBudget`.
pub use super::given::*;

/// One of several layers that a call goes through: `front` calls `middle`, `middle` calls `back`, and `back` calls
/// the database.
pub struct Layer {
    budget: Mutex<RetryBudget>,
}

impl Layer {
    pub fn new() -> Self {
        let budget = Mutex::new(RetryBudget::new());
        Layer { budget }
    }

    /// One call. `next` makes one attempt at the next layer, or at the database.
    ///
    /// * The first attempt is always made. `Unavailable` is retried, up to `ATTEMPTS` attempts.
    /// * Each retry takes a token of the budget: `may_retry`. Without a token there is no retry.
    /// * A call is retried in one layer only. The layer that stops retrying returns `GivenUp`, for lack of a
    ///   token too. A layer that gets `GivenUp` returns it at once.
    /// * Many threads call one layer at the same time, and none of them waits while another one's attempt is under way.
    pub fn call(&self, next: impl Fn() -> Result<(), Failure>) -> Result<(), Failure> {
        self.budget.lock().unwrap().call_begins();
        let mut outcome = next();
        for _ in 1..ATTEMPTS {
            if outcome.is_ok() {
                break;
            }
            outcome = next();
        }
        outcome
    }
}
