//! The members in turn, and by weight.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::{Dice, Selector};
use crate::member::Member;

/// Smooth weighted round robin: with weights 5, 1 and 1 the first member gets five calls of seven, and not five in
/// a row. The algorithm comes from nginx, and rpcx uses it too.
///
/// By default all members begin without credit, so the one of highest weight is the first.
#[derive(Debug, Default)]
pub struct Weighted {
    /// The credit of each member, by id.
    credit: Mutex<HashMap<String, i64>>,
    first: Option<Dice>,
}

// ANCHOR: weighted
impl Selector for Weighted {
    /// Each member gets its weight as credit. The one with the most credit is called, and pays what all of them
    /// have just got together.
    fn select(&self, _key: Option<&str>, among: &[Member]) -> Option<usize> {
        let no_weights = among.iter().all(|member| member.weight == 0);
        let weight = |member: &Member| match no_weights {
            true => 1,
            false => i64::from(member.weight),
        };
        let mut credit = self.credit.lock().unwrap_or_else(PoisonError::into_inner);
        credit.retain(|id, _| among.iter().any(|member| member.id == *id));
        let mut best: Option<(usize, i64)> = None;
        for (place, member) in among.iter().enumerate() {
            let weight = weight(member);
            let has =
                (credit.entry(member.id.clone())).or_insert_with(|| self.to_begin_with(weight));
            *has += weight;
            if weight > 0 && best.is_none_or(|(_, most)| *has > most) {
                best = Some((place, *has));
            }
        }
        let (place, _) = best?;
        *credit.get_mut(&among[place].id)? -= among.iter().map(weight).sum::<i64>();
        Some(place)
    }
}
// ANCHOR_END: weighted

impl Weighted {
    /// Each member begins with some random credit: callers that start together should not all call the same
    /// member first.
    pub fn seeded(seed: u64) -> Self {
        Weighted {
            first: Some(Dice::seeded(seed)),
            ..Weighted::default()
        }
    }

    fn to_begin_with(&self, weight: i64) -> i64 {
        let most = usize::try_from(weight).unwrap_or(0).saturating_add(1);
        let credit = self.first.as_ref().and_then(|dice| dice.below(most));
        credit.map_or(0, |credit| i64::try_from(credit).unwrap_or(0))
    }
}
