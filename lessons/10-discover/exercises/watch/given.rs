//! What is given in this exercise: the answer uses it and does not change it.

use std::collections::BTreeSet;
use std::time::Duration;

/// What Consul answers: who is home, and the index of that state.
#[derive(Clone, Debug)]
pub struct Answer {
    pub index: u64,
    pub names: BTreeSet<String>,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Consul is not reached, or has broken off. It may come back, also as a new one.
    Away,
    /// The watch is to end.
    Over,
}

/// How the watch speaks with Consul, and with the clock.
pub trait Consul {
    /// Asks. With index 0 the answer comes at once; else as soon as there is a *larger* index, and
    /// after five minutes in any case.
    fn ask(&mut self, index: u64) -> Result<Answer, Trouble>;

    /// Waits.
    fn pause(&mut self, time: Duration);
}

/// What has happened at the door.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    Came(String),
    Left(String),
}
