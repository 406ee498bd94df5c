//! Wrong answers that a check must reject, each for the reason that its first lines name.
//!
//! A mistake is kept as a change: a head of five lines, a few words where the change alone does not say what is wrong,
//! and a unified diff against the solution or the stub.
//!
//! ```text
//! belief: one-write-is-one-read
//! words: One write is one read.
//! check: pieces_are_joined
//! says: what has arrived so far
//! of: solution
//!
//! @@ -12,3 +12,3 @@
//! ...
//! ```

use std::path::{Path, PathBuf};

use super::{Belief, CourseError, Exercise, change};

/// The `check:` of a mistake that can only be ended by the time limit.
pub const TIMED_OUT: &str = "timed-out";

/// How the name of a mistake's file ends.
const ENDING: &str = "diff";

/// The text that a mistake changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Base {
    /// `solution.rs`.
    Solution,
    /// `stub.rs`.
    Stub,
}

impl Base {
    /// The word behind `of:`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Solution => "solution",
            Self::Stub => "stub",
        }
    }

    /// The file of `exercise` that it stands for, relative to the course.
    pub fn file(self, exercise: &Exercise) -> PathBuf {
        match self {
            Self::Solution => exercise.solution(),
            Self::Stub => exercise.stub(),
        }
    }
}

/// A known wrong answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Its file, relative to the course.
    pub file: PathBuf,
    /// The belief behind it.
    pub belief: Belief,
    /// The test that must reject it, or [`TIMED_OUT`].
    pub check: String,
    /// Words that the message of the rejection must contain.
    pub says: String,
    /// What it changes.
    pub of: Base,
    /// The unified diff, applied only when the wrong answer itself is wanted. Empty for the stub as it is.
    pub change: String,
}

impl Mistake {
    /// Reads the mistakes of `exercise`, in order of their file names; the first is the belief of
    /// the exercise itself.
    ///
    /// # Errors
    /// [`CourseError::File`] for the first file without its five opening lines.
    pub fn all(root: &Path, exercise: &Exercise) -> Result<Vec<Self>, CourseError> {
        let dir = exercise.mistakes_dir();
        let entries = match std::fs::read_dir(root.join(&dir)) {
            Ok(entries) => entries,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(CourseError::File(dir, e.to_string())),
        };
        let mut files: Vec<PathBuf> = entries
            .flatten()
            .map(|entry| dir.join(entry.file_name()))
            .filter(|file| file.extension().is_some_and(|ending| ending == ENDING))
            .collect();
        files.sort();
        files
            .into_iter()
            .map(|file| Self::read(root, file))
            .collect()
    }

    /// Reads the mistake in `file`, a path relative to the course.
    ///
    /// # Errors
    /// [`CourseError::File`] if it cannot be read or lacks one of its five opening lines.
    pub fn read(root: &Path, file: PathBuf) -> Result<Self, CourseError> {
        let text = std::fs::read_to_string(root.join(&file))
            .map_err(|e| CourseError::File(file.clone(), e.to_string()))?;
        let field = |name: &str| {
            text.lines()
                .take_while(|line| !line.trim().is_empty())
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
                .map(|value| value.trim().to_owned())
                .filter(|value| !value.is_empty())
                .ok_or_else(|| {
                    CourseError::File(
                        file.clone(),
                        format!(
                            "a mistake opens with `belief:`, `words:`, `check:`, `says:` and `of:`; \
                             `{name}:` is missing"
                        ),
                    )
                })
        };
        let of = match field("of")?.as_str() {
            "solution" => Base::Solution,
            "stub" => Base::Stub,
            other => {
                return Err(CourseError::File(
                    file.clone(),
                    format!("`of:` is solution or stub, not `{other}`"),
                ));
            }
        };
        let change = text.find("\n@@ ").map_or("", |at| &text[at + 1..]);
        Ok(Self {
            belief: Belief {
                slug: field("belief")?,
                words: field("words")?,
            },
            check: field("check")?,
            says: field("says")?,
            of,
            change: change.to_owned(),
            file,
        })
    }

    /// The wrong answer itself: the solution or the stub of `exercise`, changed.
    ///
    /// # Errors
    /// [`CourseError::File`] with the hunk that does not fit.
    pub fn text(&self, root: &Path, exercise: &Exercise) -> Result<String, CourseError> {
        let base = self.of.file(exercise);
        let text = std::fs::read_to_string(root.join(&base))
            .map_err(|e| CourseError::File(base.clone(), e.to_string()))?;
        change::apply(&text, &self.change).map_err(|misfit| {
            CourseError::File(
                self.file.clone(),
                format!("it does not fit {}: {misfit}", base.display()),
            )
        })
    }
}

/// The text of a mistake's file.
pub fn file_text(belief: &Belief, check: &str, says: &str, of: Base, change: &str) -> String {
    let (slug, words, of) = (&belief.slug, &belief.words, of.word());
    format!("belief: {slug}\nwords: {words}\ncheck: {check}\nsays: {says}\nof: {of}\n\n{change}")
}
