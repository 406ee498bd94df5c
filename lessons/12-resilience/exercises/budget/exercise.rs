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

/// An operator of the telephone company. There are several between a caller and a hospital, in the village, in the
/// town, in the city; each of them asks the next one, and only the last one rings the hospital.
///
/// * A call is tried at most `TRIES` times, counted over all operators on its way. Whoever has tried and gives up
///   says `GivenUp`.
/// * All second and third tries together are one for each `CALLS_FOR_A_RETRY` calls, and the `SAVED` ones: never
///   more than `SAVED` can be saved up. The first try of a call is always made.
/// * Many calls go through one operator at the same time, from several threads.
#[derive(Default)]
pub struct Operator {}

impl Operator {
    pub fn new() -> Self {
        Self::default()
    }

    /// One call. `next` asks the next one on the way.
    pub fn connect(&self, next: impl Fn() -> Result<(), Trouble>) -> Result<(), Trouble> {
        let mut outcome = next();
        for _ in 1..TRIES {
            if outcome.is_ok() {
                break;
            }
            outcome = next();
        }
        outcome
    }
}
