//! Draws pictures with known digits: `known-pictures COUNT SEED` writes for each its four digits, the length of its
//! PNG as four bytes (little-endian), and the PNG.
//!
//! `reader.py` puts the `picture.rs` that it measures beside this file, so that old ones can be measured as well.

use std::io::{self, Write};

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};

#[allow(dead_code, reason = "the lesson uses the rest")]
mod picture;

fn main() -> io::Result<()> {
    let mut numbers = std::env::args()
        .skip(1)
        .map(|word| word.parse::<u64>().expect("a number"));
    let (count, seed) = (numbers.next().expect("COUNT"), numbers.next().expect("SEED"));
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let painter = picture::Painter::new();
    let mut out = io::stdout().lock();
    for _ in 0..count {
        let digits: Vec<u8> = (0..4).map(|_| rng.random_range(b'2'..=b'9')).collect();
        let code = String::from_utf8(digits).expect("digits");
        let png = painter.png(&code, rng.random_range(0..u64::MAX))?;
        out.write_all(code.as_bytes())?;
        out.write_all(&(png.len() as u32).to_le_bytes())?;
        out.write_all(&png)?;
    }
    Ok(())
}
