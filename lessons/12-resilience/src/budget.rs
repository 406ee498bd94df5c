//! A budget for retries. One retry helps its caller. When all callers retry, an overloaded server gets three times the
//! work, and with three layers that all retry, twenty-seven times.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// In a token there are so many parts, so that a share of one can be saved without fractions.
const PARTS: u64 = 1000;

// ANCHOR: budget
/// Each call saves a share of a token; each attempt beyond the first one costs a whole one. For N calls there are
/// at most `N * share + reserve` retries, whatever happens. A clone is the same budget.
#[derive(Clone)]
pub struct Budget {
    /// `None`: everything is allowed.
    limit: Option<Arc<Limit>>,
}

struct Limit {
    /// What each call saves, in parts of a token.
    share: u64,
    /// More is not kept. Otherwise a quiet night would pay for a retry storm in the morning.
    most: u64,
    saved: Mutex<u64>,
}

impl Budget {
    /// For every hundred calls `percent` retries, and `reserve` more at once. The reserve is there from the start;
    /// without one, a program that makes one call an hour could never retry.
    pub fn new(percent: u32, reserve: u32) -> Self {
        let most = u64::from(reserve) * PARTS;
        let limit = Limit {
            share: u64::from(percent) * PARTS / 100,
            most: most.max(PARTS),
            saved: Mutex::new(most),
        };
        Budget {
            limit: Some(Arc::new(limit)),
        }
    }

    /// A call is made, for the first time.
    pub fn called(&self) {
        if let Some(limit) = &self.limit {
            let mut saved = limit.saved.lock().unwrap_or_else(PoisonError::into_inner);
            *saved = (*saved + limit.share).min(limit.most);
        }
    }

    /// Takes a token for a retry. Returns `false` if there is none: the call must not be retried.
    pub fn again(&self) -> bool {
        let Some(limit) = &self.limit else {
            return true;
        };
        let mut saved = limit.saved.lock().unwrap_or_else(PoisonError::into_inner);
        let left = saved.checked_sub(PARTS);
        *saved = left.unwrap_or(*saved);
        left.is_some()
    }
}
// ANCHOR_END: budget

impl Budget {
    /// No limit at all, as in most programs.
    pub fn unlimited() -> Self {
        Budget { limit: None }
    }

    /// Returns the number of tokens; `None` if there is no limit.
    pub fn left(&self) -> Option<u64> {
        let limit = self.limit.as_ref()?;
        let saved = limit.saved.lock().unwrap_or_else(PoisonError::into_inner);
        Some(*saved / PARTS)
    }
}

impl Default for Budget {
    /// A fifth of the calls, and ten at once.
    fn default() -> Self {
        Budget::new(20, 10)
    }
}

impl fmt::Debug for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Budget").field(&self.left()).finish()
    }
}
