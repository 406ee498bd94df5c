//! Two rules, for two ways in which tries multiply. Along the way: 3 operators with 3 tries each are 27 calls, because
//! each of them thinks to be the only one. So whoever gives up says `GivenUp`, and nobody above begins
//! again; only the one next to the trouble tries. And over time: a try more helps when one call in twenty has a bad
//! moment, and hurts when nobody answers at all, because then every call is made three times. The budget tells
//! the two apart without knowing anything: each call earns a tenth of a try, so there are never more than a tenth as many tries
//! as calls. It is counted in whole tenths, because 0.1 ten times is not 1. It has a limit, or else a good week would pay
//! for a storm. The lock is held for the counting and never while somebody rings.

use std::sync::{Mutex, PoisonError};

// Given in given.rs, beside this file: `TRIES`, `CALLS_FOR_A_RETRY`, `SAVED`, `Trouble`.
pub use super::given::*;

/// What a try costs, in parts of which each call brings one.
const PRICE: u32 = CALLS_FOR_A_RETRY;

const MOST: u32 = SAVED * PRICE;

/// An operator of the telephone company.
pub struct Operator {
    /// What there is for second and third tries. All calls share it.
    saved: Mutex<u32>,
}

impl Operator {
    pub fn new() -> Self {
        let saved = Mutex::new(MOST);
        Operator { saved }
    }

    /// One call. `next` asks the next one on the way.
    pub fn connect(&self, next: impl Fn() -> Result<(), Trouble>) -> Result<(), Trouble> {
        self.earn();
        for number in 1.. {
            match next() {
                Err(Trouble::NoAnswer) if number < TRIES && self.spend() => {}
                Ok(()) => return Ok(()),
                Err(_) => break,
            }
        }
        Err(Trouble::GivenUp)
    }

    fn earn(&self) {
        let mut saved = self.saved.lock().unwrap_or_else(PoisonError::into_inner);
        *saved = (*saved + 1).min(MOST);
    }

    /// Takes what one more try costs, if it is there.
    fn spend(&self) -> bool {
        let mut saved = self.saved.lock().unwrap_or_else(PoisonError::into_inner);
        let left = saved.checked_sub(PRICE);
        *saved = left.unwrap_or(*saved);
        left.is_some()
    }
}

impl Default for Operator {
    fn default() -> Self {
        Self::new()
    }
}
