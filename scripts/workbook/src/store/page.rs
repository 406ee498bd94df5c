//! Takes a text that was typed in the page into `exercise.rs`, unless the file holds another text than the page knows.
//!
//! As in `texts`, the two files exchange their names. What was in `exercise.rs` is looked at afterwards: if an editor
//! saved in this very moment, the files change back and the page hears of the conflict.

use std::fs;
use std::io;
use std::path::Path;

use super::texts::{exchange, put_by};
use super::write_atomically;
use crate::course::Exercise;
use crate::digest::sha256;

/// What became of a text from the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Saved {
    /// It is in `exercise.rs`.
    Written,
    /// `exercise.rs` holds this text, which the page does not know; it stays.
    Changed(Vec<u8>),
}

/// Writes `text`, if `exercise.rs` has the text whose hash is `known`. `place` is a file for the exchange.
pub fn save(
    place: &Path,
    kept: &Path,
    root: &Path,
    exercise: &Exercise,
    known: &str,
    text: &[u8],
) -> io::Result<Saved> {
    let answer = root.join(exercise.answer());
    let now = fs::read(&answer)?;
    if now == text {
        return Ok(Saved::Written);
    }
    if sha256(&now) != known {
        return Ok(Saved::Changed(now));
    }
    match fs::read(place) {
        // Left by a save that was killed: the text before it or after it, or one that came in between.
        Ok(left) if left != now && left != text => put_by(kept, place)?,
        _ => {}
    }
    if let Some(dir) = place.parent() {
        fs::create_dir_all(dir)?;
    }
    write_atomically(place, text)?;
    exchange(place, &answer)?;
    let before = fs::read(place)?;
    if before != now {
        exchange(place, &answer)?;
        fs::remove_file(place)?;
        return Ok(Saved::Changed(before));
    }
    fs::remove_file(place)?;
    Ok(Saved::Written)
}
