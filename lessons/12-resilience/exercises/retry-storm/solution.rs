//! Three layers with three attempts each are 27 attempts, because each layer acts as if it were the only one. So the
//! layer that stops retrying says `GivenUp`, and no layer above begins again: only the layer next to the failure
//! retries. A refused token is the same case as a used-up number of attempts: if it were passed on as
//! `Unavailable`, the next layer would spend its own budget on it. The lock is held for the counting only, because an
//! attempt may take a minute.

use std::sync::Mutex;

// Given in given.rs, beside this file: `ATTEMPTS`, `Failure`, `RetryBudget`.
pub use super::given::*;

/// One of several layers that a call goes through.
pub struct Layer {
    budget: Mutex<RetryBudget>,
}

impl Layer {
    pub fn new() -> Self {
        let budget = Mutex::new(RetryBudget::new());
        Layer { budget }
    }

    /// One call. `next` makes one attempt at the next layer, or at the database.
    pub fn call(&self, next: impl Fn() -> Result<(), Failure>) -> Result<(), Failure> {
        let budget = || self.budget.lock().unwrap();
        budget().call_begins();
        for attempt in 1..=ATTEMPTS {
            match next() {
                Ok(()) => return Ok(()),
                Err(Failure::Unavailable) if attempt < ATTEMPTS && budget().may_retry() => {}
                Err(_) => break,
            }
        }
        Err(Failure::GivenUp)
    }
}
