//! A question in words, for a visitor who cannot see a picture.
//!
//! "Write these numbers as digits: seven, two, nine, four." A person who hears it types four digits. Sums and riddles
//! are harder for many people, and not for a program; a sum of two digits has 19 answers, four digits 10,000.
//!
//! Be honest: this stops no program that was written for this page. Ten words in a table answer every question,
//! and a picture of digits is read by programs as well, a little later. What counts is that it costs as much as a
//! picture: one answer for each question, so many questions and so many wrong answers in a minute, for a
//! session and for an address.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};

use crate::code;

/// A question and its answer, which is digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// What is asked.
    pub words: String,
    /// What is right.
    pub answer: String,
}

/// The digits as a screen reader says them. All ten: words do not look alike.
const WORDS: [&str; 10] = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
];

/// A question that comes from `seed`, the answer as well: the seed is 64 bits of [`code::seed`], and it is not
/// kept.
pub fn ask(seed: u64) -> Question {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let values: Vec<usize> = (0..code::LENGTH)
        .map(|_| rng.random_range(0..WORDS.len()))
        .collect();
    let answer: String = values.iter().map(usize::to_string).collect();
    Question {
        words: words(&answer),
        answer,
    }
}

/// The question with this answer, which is digits: whatever else is in it is not asked for.
pub fn words(answer: &str) -> String {
    let value = |digit: char| {
        digit
            .to_digit(10)
            .and_then(|value| usize::try_from(value).ok())
    };
    let words = answer.chars().filter_map(value).map(|value| WORDS[value]);
    // Commas, so that a screen reader makes a pause after each word.
    let words: Vec<&str> = words.collect();
    format!("Write these numbers as digits: {}.", words.join(", "))
}
