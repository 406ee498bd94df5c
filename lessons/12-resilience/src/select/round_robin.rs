//! The members in turn.

use std::sync::{Mutex, PoisonError};

use super::{Dice, Selector};
use crate::member::Member;

// ANCHOR: round-robin
/// In turn, in the order of their ids. It remembers the last member, and not a count: a counter would skip a
/// member whenever the list changes.
#[derive(Debug)]
pub struct RoundRobin {
    last: Mutex<Option<String>>,
    first: Dice,
}

impl Selector for RoundRobin {
    fn select(&self, _key: Option<&str>, among: &[Member]) -> Option<usize> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let by_id = |place: &usize| &among[*place].id;
        let next = match last.as_ref() {
            // The next one after the last; after the highest id comes the lowest one.
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

impl RoundRobin {
    /// Begins at a random member: if all callers began with the first, all of them would call it.
    pub fn seeded(seed: u64) -> Self {
        RoundRobin {
            last: Mutex::new(None),
            first: Dice::seeded(seed),
        }
    }
}
