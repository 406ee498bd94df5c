//! Choosing one of several: by lot, in turn, by weight, by a key. The names are rpcx's.
//!
//! A selector sees only those who may be called now: whoever has left, is ejected, or has failed this
//! very call is not in `among`. So it must not remember places in a list, only members.

mod by_key;
mod by_weight;
mod in_turn;

use std::fmt;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::member::Member;

pub use by_key::ByKey;
pub use by_weight::ByWeight;
pub use in_turn::InTurn;

// ANCHOR: selector
/// Chooses one of several.
pub trait Selector: Send + Sync + fmt::Debug {
    /// A place in `among`; `None` if nobody is there. Calls with the same `key` should go to the same
    /// member; only [`ByKey`] cares.
    fn select(&self, key: Option<&str>, among: &[Member]) -> Option<usize>;
}
// ANCHOR_END: selector

/// The selectors by name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Select {
    /// `random`: by lot.
    #[default]
    Random,
    /// `round-robin`: one after the other.
    RoundRobin,
    /// `weighted`: one after the other, the heavy ones more often.
    Weighted,
    /// `consistent-hash`: the same key, the same member.
    ConsistentHash,
}

impl Select {
    /// All of them.
    pub const ALL: [Select; 4] = [
        Select::Random,
        Select::RoundRobin,
        Select::Weighted,
        Select::ConsistentHash,
    ];

    /// The selector. Two with the same seed choose the same; programs take any number, so that not all of
    /// them begin with the same member.
    #[must_use]
    pub fn build(self, seed: u64) -> Box<dyn Selector> {
        match self {
            Select::Random => Box::new(ByLot::seeded(seed)),
            Select::RoundRobin => Box::new(InTurn::seeded(seed)),
            Select::Weighted => Box::new(ByWeight::seeded(seed)),
            Select::ConsistentHash => Box::new(ByKey::seeded(seed)),
        }
    }
}

impl fmt::Display for Select {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Select::Random => "random",
            Select::RoundRobin => "round-robin",
            Select::Weighted => "weighted",
            Select::ConsistentHash => "consistent-hash",
        })
    }
}

impl FromStr for Select {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        (Select::ALL.into_iter())
            .find(|select| select.to_string() == text)
            .ok_or_else(|| format!("`{text}`: random, round-robin, weighted or consistent-hash"))
    }
}

/// A source of lots that several threads may ask.
#[derive(Debug)]
struct Lots(Mutex<StdRng>);

impl Lots {
    fn seeded(seed: u64) -> Self {
        Lots(Mutex::new(StdRng::seed_from_u64(seed)))
    }

    /// A number below `end`, each as likely as the others; `None` if there is none.
    fn below(&self, end: usize) -> Option<usize> {
        let mut lots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (end > 0).then(|| lots.random_range(0..end))
    }
}

// ANCHOR: random
/// By lot. It needs to know nothing, and a thousand callers who know nothing of each other spread well.
#[derive(Debug)]
pub struct ByLot(Lots);

impl ByLot {
    /// The lots of this seed.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        ByLot(Lots::seeded(seed))
    }
}

impl Selector for ByLot {
    fn select(&self, _key: Option<&str>, among: &[Member]) -> Option<usize> {
        self.0.below(among.len())
    }
}
// ANCHOR_END: random
