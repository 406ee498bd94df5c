//! Choosing one of several members: at random, in turn, by weight, by a key. The names are rpcx's.
//!
//! A selector sees only the members that may be called now. A member that has left, is ejected, or has failed this call
//! is not in `among`. So a selector remembers members, and no places in a list.

mod rendezvous;
mod round_robin;
mod weighted;

use std::fmt;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::member::Member;

pub use rendezvous::Rendezvous;
pub use round_robin::RoundRobin;
pub use weighted::Weighted;

// ANCHOR: selector
/// Chooses one of several members.
pub trait Selector: Send + Sync + fmt::Debug {
    /// A place in `among`; `None` if it is empty. Calls with the same `key` should go to the same
    /// member; only [`Rendezvous`] cares.
    fn select(&self, key: Option<&str>, among: &[Member]) -> Option<usize>;
}
// ANCHOR_END: selector

/// The selectors by name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Select {
    /// `random`: each member with the same chance.
    #[default]
    Random,
    /// `round-robin`: in turn.
    RoundRobin,
    /// `weighted`: in turn, a member of higher weight more often.
    Weighted,
    /// `consistent-hash`: the same key, the same member.
    ConsistentHash,
}

impl Select {
    /// All selectors.
    pub const ALL: [Select; 4] = [
        Select::Random,
        Select::RoundRobin,
        Select::Weighted,
        Select::ConsistentHash,
    ];

    /// The selector. Two with the same seed choose the same; a program takes a random one, so that not
    /// all programs begin with the same member.
    pub fn build(self, seed: u64) -> Box<dyn Selector> {
        match self {
            Select::Random => Box::new(RandomChoice::seeded(seed)),
            Select::RoundRobin => Box::new(RoundRobin::seeded(seed)),
            Select::Weighted => Box::new(Weighted::seeded(seed)),
            Select::ConsistentHash => Box::new(Rendezvous::seeded(seed)),
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

/// Random numbers for several threads.
#[derive(Debug)]
struct Dice(Mutex<StdRng>);

impl Dice {
    fn seeded(seed: u64) -> Self {
        Dice(Mutex::new(StdRng::seed_from_u64(seed)))
    }

    /// A number below `end`, each as likely as the others; `None` if there is none.
    fn below(&self, end: usize) -> Option<usize> {
        let mut rng = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (end > 0).then(|| rng.random_range(0..end))
    }
}

// ANCHOR: random
/// At random. It needs no knowledge, and a thousand callers that do not know each other spread well.
#[derive(Debug)]
pub struct RandomChoice(Dice);

impl RandomChoice {
    /// Makes a selector with this seed.
    pub fn seeded(seed: u64) -> Self {
        RandomChoice(Dice::seeded(seed))
    }
}

impl Selector for RandomChoice {
    fn select(&self, _key: Option<&str>, among: &[Member]) -> Option<usize> {
        self.0.below(among.len())
    }
}
// ANCHOR_END: random
