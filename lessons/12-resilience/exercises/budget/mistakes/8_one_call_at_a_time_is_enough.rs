//! belief: one-call-at-a-time-is-enough
//! words: One call at a time is enough.
//! check: f_two_at_the_same_time
//! says: wait for each other

use std::sync::{Mutex, PoisonError};

/// How often an operator tries one call, at most.
pub const TRIES: u32 = 3;

/// One more try for so many calls.
pub const CALLS_FOR_A_RETRY: u32 = 10;

/// So many tries more can be saved up, and are there at the beginning.
pub const SAVED: u32 = 10;

/// Why a call has not come about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Nobody answered. Perhaps it was a bad moment, and the next try goes well.
    NoAnswer,
    /// Somebody further down the line has tried, and has given it up.
    GivenUp,
}

/// What a try costs, in parts of which each call brings one.
const PRICE: u32 = CALLS_FOR_A_RETRY;
const MOST: u32 = SAVED * PRICE;

/// An operator of the telephone company.
pub struct Operator {
    saved: Mutex<u32>,
}

impl Operator {
    pub fn new() -> Self {
        let saved = Mutex::new(MOST);
        Operator { saved }
    }

    /// One call. `next` asks the next one on the way.
    pub fn connect(&self, next: impl Fn() -> Result<(), Trouble>) -> Result<(), Trouble> {
        let mut saved = self.saved.lock().unwrap_or_else(PoisonError::into_inner);
        *saved = (*saved + 1).min(MOST);
        for number in 1.. {
            match next() {
                Err(Trouble::NoAnswer) if number < TRIES && *saved >= PRICE => *saved -= PRICE,
                Ok(()) => return Ok(()),
                Err(_) => break,
            }
        }
        Err(Trouble::GivenUp)
    }
}

impl Default for Operator {
    fn default() -> Self {
        Self::new()
    }
}
