//! Each letter has an order of its own among the rooms: each shelf makes a bid, a number of the letter, the room's name and
//! the shelf, and the best bid of a room counts. The first in that order has the letter, the second has the copy. If a
//! room closes, it is taken out of every order, and nothing else changes its place in any: only where it was the
//! first somebody else is first now, and that is the one who had the copy. How many rooms there are does not enter
//! anywhere, and that is what consistent means. Two shelves are two bids, so they win twice as often; to multiply
//! the bid of a room by its shelves would be simpler, and wrong: the hall would have 63 % instead of 40.

use std::cmp::Reverse;

// Given in given.rs, beside this file: `number`, `Room`.
pub use super::given::*;

/// The names of the rooms that have this letter: first the one where it lies, then the one with its copy.
pub fn keepers<'a>(letter: &str, rooms: &[Room<'a>]) -> Vec<&'a str> {
    let mut rooms = rooms.to_vec();
    rooms.sort_by_cached_key(|room| (Reverse(bid(letter, room)), room.name));
    rooms.truncate(2);
    rooms.iter().map(|room| room.name).collect()
}

/// How well this room suits this letter: the best of its shelves counts.
fn bid(letter: &str, room: &Room) -> u64 {
    let shelves = (0..room.shelves).map(|shelf| shelf.to_string());
    let bids = shelves.map(|shelf| number(&[letter, room.name, &shelf]));
    bids.max().unwrap_or(0)
}
