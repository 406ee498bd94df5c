//! What a check says about an answer: the one result that terminal, browser, log and `--json` share.

use std::path::Path;

use serde::Serialize;

use crate::course::Exercise;
use crate::store::is_stub;

pub use crate::status::Status;

/// How the test kit begins the line about a panic, and a check without it.
const PANICS: [&str; 3] = [
    "your code panicked",
    "a panic, not in exercise.rs",
    "Your code panicked",
];
/// The most characters of [`Verdict::seen`].
const SEEN: usize = 200;

/// The result of one check.
#[derive(Debug, Clone, Serialize)]
pub struct Verdict {
    /// The exercise.
    pub id: String,
    /// Folder name of its lesson.
    pub lesson: String,
    /// Its shown position.
    pub number: String,
    /// How it ended.
    pub status: Status,
    /// How long the run took, in seconds; compiling is not counted.
    pub seconds: f64,
    /// The test that failed, or that was running at the limit.
    pub check: Option<String>,
    /// Slug of the belief that the failure shows; `None` after a pass, a compile error, and a mistake that is not known.
    pub belief: Option<String>,
    /// What the learner is told: empty after a pass; the compiler's words after a compile error.
    pub message: String,
    /// `file:line` of the failing assertion, relative to the course.
    pub location: Option<String>,
    /// The text is the one that a learner finds: what the check says of it is no failure of theirs.
    pub untouched: bool,
    /// Everything that compiler and check printed, for `v`; bounded.
    #[serde(skip)]
    pub full: String,
    /// The very text that was compiled and judged.
    #[serde(skip)]
    pub answer: Vec<u8>,
}

impl Verdict {
    /// A verdict about `exercise` with nothing said yet.
    pub fn new(exercise: &Exercise, status: Status) -> Self {
        Self::of([&exercise.id, &exercise.lesson, &exercise.number], status)
    }

    /// A verdict about what has this id, lesson and shown position.
    pub(crate) fn of([id, lesson, number]: [&str; 3], status: Status) -> Self {
        Self {
            id: id.to_owned(),
            lesson: lesson.to_owned(),
            number: number.to_owned(),
            status,
            seconds: 0.0,
            check: None,
            belief: None,
            message: String::new(),
            location: None,
            untouched: false,
            full: String::new(),
            answer: Vec::new(),
        }
    }

    /// The same verdict as one about the learner's own text, in the course at `root`.
    pub fn own(mut self, root: &Path, exercise: &Exercise) -> Self {
        self.untouched = !self.passed() && is_stub(root, exercise, &self.answer);
        self
    }

    /// What the check said of a mistake that is not known, for the record: its test and its words in one line, `#` in place
    /// of each number and nothing of what stands in quotes. The words of a panic in the answer itself are the learner's
    /// own; of those only the fact is told.
    pub fn seen(&self) -> Option<String> {
        let said = match self.status {
            _ if self.belief.is_some() => return None,
            Status::Passed | Status::CompileError => return None,
            Status::TimedOut => "the time limit was reached".to_owned(),
            Status::Failed => {
                let location = self.location.as_deref().unwrap_or_default();
                match location.rsplit_once(':') {
                    // The test kit catches a panic of the answer and tells it with the place of the check.
                    _ if PANICS.iter().any(|panic| self.message.contains(panic)) => {
                        "the answer panicked".to_owned()
                    }
                    Some((file, _)) if file.ends_with("/check.rs") => plain(&self.message),
                    Some(_) => "the answer panicked".to_owned(),
                    None => "the check ended early".to_owned(),
                }
            }
        };
        let test = self.check.as_deref().unwrap_or("no test");
        Some(format!("{test}: {said}").chars().take(SEEN).collect())
    }

    /// Whether the answer is right.
    pub fn passed(&self) -> bool {
        self.status == Status::Passed
    }
}

/// The text in one line, `#` in place of each number, and nothing between double quotes.
fn plain(text: &str) -> String {
    let outside = text.split('"').step_by(2).collect::<Vec<_>>().join("\"\"");
    let shown = outside
        .chars()
        .filter(|c| !c.is_control() || c.is_whitespace());
    without_numbers(&shown.collect::<String>())
}

/// The text in one line, with `#` in place of each number.
pub(crate) fn without_numbers(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match (c.is_ascii_digit(), out.ends_with('#')) {
            (true, true) => {}
            (true, false) => out.push('#'),
            (false, _) => out.push(c),
        }
    }
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_quoted_texts_of_a_message_are_left_out() {
        assert_eq!(
            plain("expected 12 bytes,\n  your answer  \"secret 1\" (7.5)"),
            "expected # bytes, your answer \"\" (#.#)"
        );
    }
}
