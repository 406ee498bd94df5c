// Given in given.rs, beside this file: `TRIES`, `CALLS_FOR_A_RETRY`, `SAVED`, `Trouble`.
pub use super::given::*;

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
