//! What is given in this exercise: the answer uses it and does not change it.

use std::hash::{DefaultHasher, Hash, Hasher};

/// A number for these texts: the same texts give the same number, in every program that is built like
/// this one. The parts keep apart: `["ab", "c"]` is not `["a", "bc"]`. This part is right: leave it.
pub fn number(texts: &[&str]) -> u64 {
    let mut hasher = DefaultHasher::new();
    texts.hash(&mut hasher);
    hasher.finish()
}

/// A room of an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room<'a> {
    pub name: &'a str,
    /// How much fits into it, compared with the others. At least 1.
    pub shelves: u32,
}
