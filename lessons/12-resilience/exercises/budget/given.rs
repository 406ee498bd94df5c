//! What is given in this exercise: the answer uses it and does not change it.

/// How often an operator tries one call, at most.
pub const TRIES: u32 = 3;

/// One more try for so many calls.
pub const CALLS_FOR_A_RETRY: u32 = 10;

/// So many tries more can be saved up, and are there at the beginning.
pub const SAVED: u32 = 10;

/// Why a call has not come about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Nobody answered. Perhaps it was a bad moment, and the next try goes well.
    NoAnswer,
    /// Somebody further down the line has tried, and has given it up.
    GivenUp,
}
