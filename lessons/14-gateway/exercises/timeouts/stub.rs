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
///
/// Nobody is asked to work longer than his answer is of use, and nobody is asked when no time is left.
pub fn book(world: &impl World, wish: &Wish) -> Result<Trip, Late> {
    // It is for you to find out what they are for.
    let _ = (wish.arrived, wish.within, world.now());
    let seat = world.seat(LIMIT)?;
    match world.bed(LIMIT) {
        Ok(bed) => Ok(Trip { seat, bed }),
        Err(Late) => {
            // If nobody takes it back, nothing more can be done here.
            let _ = world.give_back(seat, LIMIT);
            Err(Late)
        }
    }
}
