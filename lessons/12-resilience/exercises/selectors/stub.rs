// Given in given.rs, beside this file: `number`, `Room`.
pub use super::given::*;

/// The names of the rooms that have this letter: first the one where it lies, then the one with its copy.
///
/// There are many letters and few rooms, and nobody writes down which letter is where. Whoever looks for one
/// computes it, from the letter's name and the rooms that are open today.
///
/// * When a room closes, only its own letters get another place. When one opens, or gets another shelf,
///   letters move into it and nowhere else.
/// * A room has its share of the letters: with two shelves twice as many as with one.
/// * The copy is where the letter will be looked for when its room is closed.
/// * The order of `rooms` means nothing: two readers may have the same rooms in another order.
/// * It is computed anew for each letter that somebody looks for, so it is quick: a number for each shelf, not
///   hundreds.
/// * With one room open there is no copy, and with none there is nothing.
pub fn keepers<'a>(letter: &str, rooms: &[Room<'a>]) -> Vec<&'a str> {
    let count = rooms.len() as u64;
    let place = number(&[letter]).checked_rem(count).unwrap_or(0);
    let copy = (place + 1).checked_rem(count).unwrap_or(0);
    let both = if place == copy {
        vec![place]
    } else {
        vec![place, copy]
    };
    both.into_iter()
        .filter_map(|room| rooms.get(usize::try_from(room).ok()?))
        .map(|room| room.name)
        .collect()
}
