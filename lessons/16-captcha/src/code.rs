//! The answer of a picture, and everything else that must be unguessable: ids and sessions. All of it comes
//! from the operating system's own source of randomness.
//!
//! A generator in the program, seeded once, would be faster. But a peer that has seen enough of its output, or its
//! seed in a log, can compute the rest.
//!
//! There is no comparison in constant time: it protects a secret that is compared again and again, and a code is
//! compared once and then gone.

use getrandom::Error;

/// The digits that pictures are made of: all but 0 and 1, which people read as the letters O and l; and a 1 is a
/// stroke, of which the noise has more. A code of four is one of 4,096 and not of 10,000; the limits for wrong
/// answers make up for that.
pub const DIGITS: [u8; 8] = *b"23456789";

/// The number of digits of a code.
pub const LENGTH: usize = 4;

/// Returns `digits` random digits for a picture: three bits each, 12 for four. Each digit is as
/// likely as any other.
///
/// # Errors
/// If the operating system has no randomness to give. There is nothing to fall back on: no code, no picture.
pub fn fresh(digits: usize) -> Result<String, Error> {
    let mut bytes = vec![0; digits];
    getrandom::fill(&mut bytes)?;
    // 256 is 32 times 8: no digit is favoured. With ten digits, 0 to 5 would be, because 256 is 25 times 10 and
    // 6 more.
    let digit = |byte: u8| char::from(DIGITS[usize::from(byte) % DIGITS.len()]);
    Ok(bytes.into_iter().map(digit).collect())
}

/// A name for a captcha: 128 random bits as 32 hexadecimal digits. Who tries a million a second for a year
/// has a chance of one in 10^22 to meet one of a thousand that are waiting.
///
/// # Errors
/// As [`fresh`].
pub fn id() -> Result<String, Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

/// A name for a session: 128 random bits as 32 hexadecimal digits. Who knows it is this session.
///
/// # Errors
/// As [`fresh`].
pub fn session() -> Result<String, Error> {
    id()
}

/// Returns the seed of a picture or a question: 64 random bits.
///
/// # Errors
/// As [`fresh`].
pub fn seed() -> Result<u64, Error> {
    getrandom::u64()
}

/// Returns what a visitor has typed as digits, if it is digits: without the space and the signs that people
/// put between digits, and with the digits of other keyboards (full width, Arabic, Persian, Devanagari) as 0
/// to 9.
///
/// Everything else stays as it is, and is a wrong answer. It is never longer than `typed`.
pub fn tidy(typed: &str) -> String {
    typed
        .chars()
        .filter(|letter| {
            !letter.is_whitespace() && !",.-\u{200b}\u{200e}\u{200f}".contains(*letter)
        })
        .map(|letter| {
            let value = ZEROS
                .iter()
                .find_map(|&zero| u32::from(letter).checked_sub(zero).filter(|v| *v < 10));
            value
                .and_then(|value| char::from_digit(value, 10))
                .unwrap_or(letter)
        })
        .collect()
}

/// The zeros of other scripts; their nine other digits come behind each (Unicode, chapter 22.3).
const ZEROS: [u32; 4] = [0xff10, 0x0660, 0x06f0, 0x0966];
