//! belief: the-last-one-goes
//! words: Rooms can be numbered, and the last one closes first.
//! check: a_a_room_closes
//! says: had a number

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
    // A room is as many places as it has shelves.
    let mut sorted = rooms.to_vec();
    sorted.sort_unstable_by_key(|room| room.name);
    let shelves = |room: &Room<'a>| vec![room.name; room.shelves as usize];
    let places: Vec<&str> = sorted.iter().flat_map(shelves).collect();
    // Place 0 has everything; the next one takes its share of all before it, and so on.
    let mut place = 0;
    for next in 1..places.len() {
        if number(&[letter, &next.to_string()]) % (next as u64 + 1) == 0 {
            place = next;
        }
    }
    let Some(first) = places.get(place) else {
        return Vec::new();
    };
    let copy = sorted.iter().find(|room| room.name != *first);
    let both = [Some(*first), copy.map(|room| room.name)];
    both.into_iter().flatten().collect()
}
