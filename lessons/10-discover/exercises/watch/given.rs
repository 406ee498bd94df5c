//! What is given in this exercise: the answer uses it and does not change it.

use std::collections::BTreeSet;
use std::time::Duration;

/// An answer of Consul: the ids of the healthy instances, and the index of that state.
#[derive(Clone, Debug)]
pub struct Answer {
    pub index: u64,
    pub ids: BTreeSet<String>,
}

/// Why a query has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueryError {
    /// Consul cannot be reached, or the connection broke. It may come back, also with a new state.
    Unavailable,
    /// The program ends, and the watch with it.
    Ended,
}

/// Consul and the clock, as the watch sees them.
pub trait Consul {
    /// Sends a blocking query. With index 0 the answer comes at once; else as soon as the index of the list
    /// is *larger*, and after five minutes in any case.
    fn query(&mut self, index: u64) -> Result<Answer, QueryError>;

    /// Waits.
    fn pause(&mut self, time: Duration);
}

/// A difference between two lists.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    Added(String),
    Removed(String),
}
