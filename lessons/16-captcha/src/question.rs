//! The same for whoever cannot see a picture: a question in words.

/// A question and its answer, which is digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// What is asked.
    pub words: String,
    /// What is right.
    pub answer: String,
}

/// A question that comes from `seed`.
#[must_use]
pub fn ask(seed: u64) -> Question {
    let _ = seed;
    Question {
        words: String::new(),
        answer: String::new(),
    }
}
