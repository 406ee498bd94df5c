//! The random digits of the notes: a generator that is seeded with the time. The generator is a good one
//! (ChaCha); its seed can be guessed.

use std::fmt::Write;

use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};

/// Random digits. The same seed always gives the same digits.
#[derive(Debug)]
pub struct Lottery(StdRng);

impl Lottery {
    /// Makes a generator with this seed.
    pub fn new(seed: u64) -> Self {
        Lottery(StdRng::seed_from_u64(seed))
    }

    // ANCHOR: code
    /// The next four digits, and a number for the noise of the picture.
    pub fn draw(&mut self) -> (String, u64) {
        let mut code = String::new();
        for _ in 0..4 {
            let digit: u8 = self.0.random_range(0..10);
            // Writing into a String cannot fail.
            let _ = write!(code, "{digit}");
        }
        (code, self.0.next_u64())
    }
    // ANCHOR_END: code
}
