//! One after the other.

use std::sync::{Mutex, PoisonError};

use super::{Lots, Selector};
use crate::member::Member;

// ANCHOR: round-robin
/// One after the other, in the order of their ids. It remembers who was the last, and not how many
/// there were: a counter would skip somebody whenever the list changes.
#[derive(Debug)]
pub struct InTurn {
    last: Mutex<Option<String>>,
    first: Lots,
}

impl Selector for InTurn {
    fn select(&self, _key: Option<&str>, among: &[Member]) -> Option<usize> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let by_id = |place: &usize| &among[*place].id;
        let next = match last.as_ref() {
            // The next one after the last; after the highest id it is the lowest one's turn.
            Some(last) => (0..among.len())
                .filter(|place| among[*place].id > *last)
                .min_by_key(by_id)
                .or_else(|| (0..among.len()).min_by_key(by_id)),
            None => self.first.below(among.len()),
        }?;
        *last = Some(among[next].id.clone());
        Some(next)
    }
}
// ANCHOR_END: round-robin

impl InTurn {
    /// Begins with anyone: if all callers began with the first, the first would be called by all.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        InTurn {
            last: Mutex::new(None),
            first: Lots::seeded(seed),
        }
    }
}
