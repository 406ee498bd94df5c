//! What is given in this exercise: the answer uses it and does not change it.

/// All attempts of one call, the first one included.
pub const ATTEMPTS: u32 = 3;

/// So many calls earn one token.
pub const CALLS_PER_TOKEN: u32 = 10;

/// The most tokens that are kept.
pub const MOST_TOKENS: u32 = 10;

/// Why a call has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The server did not answer. Another attempt may succeed.
    Unavailable,
    /// A layer below has retried already, and has stopped.
    GivenUp,
}

/// A retry budget, as in the exercise before. It is for one thread at a time.
#[derive(Debug)]
pub struct RetryBudget {
    parts: u32,
}

#[allow(dead_code, reason = "the stub does not call all of it")]
impl RetryBudget {
    pub fn new() -> Self {
        let parts = MOST_TOKENS * CALLS_PER_TOKEN;
        RetryBudget { parts }
    }

    /// A call begins, and earns a part of a token.
    pub fn call_begins(&mut self) {
        self.parts = (self.parts + 1).min(MOST_TOKENS * CALLS_PER_TOKEN);
    }

    /// Takes a token for one retry, if there is one.
    pub fn may_retry(&mut self) -> bool {
        let left = self.parts.checked_sub(CALLS_PER_TOKEN);
        self.parts = left.unwrap_or(self.parts);
        left.is_some()
    }
}
