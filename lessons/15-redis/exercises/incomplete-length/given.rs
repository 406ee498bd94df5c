//! What is given in this exercise: the answer uses it and does not change it.

/// The largest number of digits of a length.
pub const DIGITS: usize = 10;
