//! One after the other, the heavy ones more often.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::{Lots, Selector};
use crate::member::Member;

/// In turn and by weight, smoothly: of 5, 1 and 1 the heavy one gets five calls of seven, and not five
/// one after the other. nginx came up with it, and rpcx does the same.
#[derive(Debug)]
pub struct ByWeight {
    /// What each one has saved, by id.
    saved: Mutex<HashMap<String, i64>>,
    first: Option<Lots>,
}

// ANCHOR: weighted
impl Selector for ByWeight {
    /// Everybody saves as much as it weighs. Who has saved most is called, and pays what all of them have
    /// just saved together.
    fn select(&self, _key: Option<&str>, among: &[Member]) -> Option<usize> {
        let nobody_weighs = among.iter().all(|member| member.weight == 0);
        let weight = |member: &Member| match nobody_weighs {
            true => 1,
            false => i64::from(member.weight),
        };
        let mut saved = self.saved.lock().unwrap_or_else(PoisonError::into_inner);
        saved.retain(|id, _| among.iter().any(|member| member.id == *id));
        let mut best: Option<(usize, i64)> = None;
        for (place, member) in among.iter().enumerate() {
            let weight = weight(member);
            let has =
                (saved.entry(member.id.clone())).or_insert_with(|| self.to_begin_with(weight));
            *has += weight;
            if weight > 0 && best.is_none_or(|(_, most)| *has > most) {
                best = Some((place, *has));
            }
        }
        let (place, _) = best?;
        *saved.get_mut(&among[place].id)? -= among.iter().map(weight).sum::<i64>();
        Some(place)
    }
}
// ANCHOR_END: weighted

impl ByWeight {
    /// Everybody begins with nothing, so the heaviest is the first.
    #[must_use]
    pub fn new() -> Self {
        ByWeight {
            saved: Mutex::default(),
            first: None,
        }
    }

    /// Everybody begins with something, by lot: callers that start together should not agree on whom
    /// they call first.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        ByWeight {
            first: Some(Lots::seeded(seed)),
            ..ByWeight::new()
        }
    }

    fn to_begin_with(&self, weight: i64) -> i64 {
        let most = usize::try_from(weight).unwrap_or(0).saturating_add(1);
        let lot = self.first.as_ref().and_then(|lots| lots.below(most));
        lot.map_or(0, |lot| i64::try_from(lot).unwrap_or(0))
    }
}

impl Default for ByWeight {
    fn default() -> Self {
        ByWeight::new()
    }
}
