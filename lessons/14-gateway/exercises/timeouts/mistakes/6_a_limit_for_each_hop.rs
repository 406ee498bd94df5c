//! belief: a-limit-for-each-hop
//! words: A limit for each hop is a limit for all.
//! check: e_our_own_limit
//! says: two hops make ten seconds

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

/// The travel agency: first a seat, then a bed. Without a bed the seat is given back.
pub fn book(world: &impl World, wish: &Wish) -> Result<Trip, Late> {
    let until = wish
        .within
        .map(|within| (wish.arrived + within).saturating_sub(HOME));
    let seat = world.seat(remains(world, until)?)?;
    let bed = remains(world, until).and_then(|left| world.bed(left));
    match bed {
        Ok(bed) => Ok(Trip { seat, bed }),
        Err(Late) => {
            // If nobody takes it back, nothing more can be done here.
            let _ = world.give_back(seat, TIDY);
            Err(Late)
        }
    }
}

/// What is left until then, and never more than the limit; `Late` if that is nothing.
fn remains(world: &impl World, until: Option<Duration>) -> Result<Duration, Late> {
    let most = LIMIT.saturating_sub(HOME);
    let left = until.map_or(most, |until| until.saturating_sub(world.now()).min(most));
    if left.is_zero() { Err(Late) } else { Ok(left) }
}
