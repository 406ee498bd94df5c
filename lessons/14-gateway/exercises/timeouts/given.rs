//! What is given in this exercise: the answer uses it and does not change it.

use std::time::Duration;

/// The longest that we work for a wish, from its arrival until its answer is with the traveller.
pub const LIMIT: Duration = Duration::from_secs(5);

/// What our answer takes on its way to the traveller.
pub const HOME: Duration = Duration::from_millis(50);

/// For clearing up.
pub const TIDY: Duration = Duration::from_secs(2);

/// Somebody has worked until the end of the time that he was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Late;

/// The others. Each works for `within` at most, and then gives up with `Late`.
pub trait World {
    /// The clock on the wall.
    fn now(&self) -> Duration;
    /// The airline reserves a seat. If it gives up, nothing is reserved.
    fn seat(&self, within: Duration) -> Result<u32, Late>;
    /// The hotel reserves a bed. If it gives up, nothing is reserved.
    fn bed(&self, within: Duration) -> Result<u32, Late>;
    /// Gives a seat back that nobody needs.
    fn give_back(&self, seat: u32, within: Duration) -> Result<(), Late>;
}

/// What a traveller wants of us.
#[derive(Clone, Copy, Debug)]
pub struct Wish {
    /// When it arrived, by the clock on the wall. It may have waited on our desk since.
    pub arrived: Duration,
    /// How long after that the traveller hangs up, if he has told us.
    pub within: Option<Duration>,
}

/// A seat and a bed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trip {
    pub seat: u32,
    pub bed: u32,
}
