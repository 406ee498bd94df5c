//! What is given in this exercise: the answer uses it and does not change it.

/// The largest whole number up to which an `f64` holds every whole number: 2^53 - 1.
pub const SAFE: u64 = 9_007_199_254_740_991;
