//! What a check says about an answer: the one result that terminal, browser, log and `--json` share.

use std::path::Path;

use serde::Serialize;

use crate::course::Exercise;
use crate::store::is_stub;

pub use crate::status::Status;

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
    #[must_use]
    pub fn new(exercise: &Exercise, status: Status) -> Self {
        Self {
            id: exercise.id.clone(),
            lesson: exercise.lesson.clone(),
            number: exercise.number.clone(),
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
    #[must_use]
    pub fn own(mut self, root: &Path, exercise: &Exercise) -> Self {
        self.untouched = !self.passed() && is_stub(root, exercise, &self.answer);
        self
    }

    /// Whether the answer is right.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.status == Status::Passed
    }
}
