//! belief: three-is-few
//! words: Three tries are few.
//! check: b_a_thousand_calls
//! says: 3000 calls reached

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

/// An operator of the telephone company.
#[derive(Default)]
pub struct Operator {}

impl Operator {
    pub fn new() -> Self {
        Self::default()
    }

    /// One call. `next` asks the next one on the way.
    pub fn connect(&self, next: impl Fn() -> Result<(), Trouble>) -> Result<(), Trouble> {
        for _ in 0..TRIES {
            match next() {
                Ok(()) => return Ok(()),
                Err(Trouble::GivenUp) => break,
                Err(Trouble::NoAnswer) => {}
            }
        }
        Err(Trouble::GivenUp)
    }
}
