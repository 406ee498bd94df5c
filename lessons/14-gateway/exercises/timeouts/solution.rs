//! One moment is worked out once, when the time of the traveller is over for us: it counts from the arrival, is never
//! later than our own limit, and leaves the way home. Every hop gets what is left until that moment, and when nothing
//! is left nobody is asked. That is what travels as `grpc-timeout` from hop to hop: a rest and not a moment, because two
//! machines do not agree on what time it is. Giving the seat back is for the airline and not for the traveller, so it has a
//! time of its own: on his clock it would have none in just the case in which it is needed.

use std::time::Duration;

// Given in given.rs, beside this file: `LIMIT`, `HOME`, `TIDY`, `Late`, `World`, `Wish`, `Trip`.
pub use super::given::*;

/// The travel agency: first a seat, then a bed. Without a bed the seat is given back.
pub fn book(world: &impl World, wish: &Wish) -> Result<Trip, Late> {
    let longest = wish.within.unwrap_or(LIMIT).min(LIMIT);
    let until = (wish.arrived + longest).saturating_sub(HOME);
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

/// What is left until then; `Late` if that is nothing.
fn remains(world: &impl World, until: Duration) -> Result<Duration, Late> {
    let left = until.saturating_sub(world.now());
    if left.is_zero() { Err(Late) } else { Ok(left) }
}
