//! belief: a-ring-shares-evenly
//! words: Points on a ring are evenly spread.
//! check: c_everybody_has_a_share
//! says: for each shelf

use std::hash::{DefaultHasher, Hash, Hasher};

/// A number for these texts: the same texts give the same number, in every program that is built like
/// this one. The parts keep apart: `["ab", "c"]` is not `["a", "bc"]`. This part is right: leave it.
fn number(texts: &[&str]) -> u64 {
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

/// The names of the rooms that have this letter: first the one where it lies, then the one with its copy.
pub fn keepers<'a>(letter: &str, rooms: &[Room<'a>]) -> Vec<&'a str> {
    let mut ring: Vec<(u64, &str)> = Vec::new();
    for room in rooms {
        for shelf in 0..room.shelves {
            ring.push((number(&[room.name, &shelf.to_string()]), room.name));
        }
    }
    ring.sort_unstable();
    let place = number(&[letter]);
    let next = ring.partition_point(|(point, _)| *point < place);
    let mut both: Vec<&str> = Vec::new();
    for (_, room) in ring[next..].iter().chain(&ring[..next]) {
        if !both.contains(room) && both.len() < 2 {
            both.push(room);
        }
    }
    both
}
