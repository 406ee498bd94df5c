//! What is given in this exercise: the answer uses it and does not change it.

/// `std::sync::Mutex`; while the check runs, the check decides which thread takes the lock next.
#[allow(unused_imports, reason = "an answer may do without a lock")]
pub use testkit::schedule::Mutex;

/// So many calls earn one token.
pub const CALLS_PER_TOKEN: u32 = 10;

/// The most tokens that are kept. A new budget has so many.
pub const MOST_TOKENS: u32 = 10;
