//! What is given in this exercise: the answer uses it and does not change it.

use std::collections::BTreeSet;
use std::time::Duration;

/// Who is in the car park, and the number of the last thing that has happened before that.
#[derive(Clone, Debug)]
pub struct Snapshot {
    pub number: u64,
    pub cars: BTreeSet<String>,
}

/// Something that has happened at the barrier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    In(String),
    Out(String),
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The barrier is not reached, or has broken off. It will come back.
    Away,
    /// What came after that number is not in its journal any more: the paper is cut off from time to time.
    Forgotten,
    /// The car park is closed.
    Over,
}

/// The computer in the barrier. Whatever happens there has a number, larger than those before; it counts for
/// other barriers as well, so numbers leap.
pub trait Barrier {
    /// Looks.
    fn list(&mut self) -> Result<Snapshot, Trouble>;

    /// The first thing that has happened after this number, with its own number. If there is none yet, the answer
    /// comes when there is.
    fn after(&mut self, number: u64) -> Result<(u64, Event), Trouble>;

    /// Waits.
    fn pause(&mut self, time: Duration);
}

/// What the cash desk has to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    In(String),
    Out(String),
    /// Something may have happened here that nobody can tell any more. Somebody will have to look at the film.
    Gap,
}
