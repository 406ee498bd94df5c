//! Wrong answers that a check must reject, each for the reason that its first lines name.

use std::path::{Path, PathBuf};

use super::{Belief, CourseError, Exercise};

/// The `check:` of a mistake that can only be ended by the time limit.
pub const TIMED_OUT: &str = "timed-out";

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
}

impl Mistake {
    /// Reads the mistakes of `exercise`, in order of their file names; the first is the belief of
    /// the exercise itself.
    ///
    /// # Errors
    /// [`CourseError::File`] for the first file without its four opening lines.
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
            .filter(|file| file.extension().is_some_and(|ending| ending == "rs"))
            .collect();
        files.sort();
        files
            .into_iter()
            .map(|file| Self::read(root, file))
            .collect()
    }

    fn read(root: &Path, file: PathBuf) -> Result<Self, CourseError> {
        let text = std::fs::read_to_string(root.join(&file))
            .map_err(|e| CourseError::File(file.clone(), e.to_string()))?;
        let field = |name: &str| {
            text.lines()
                .map_while(|line| line.strip_prefix("//! "))
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
                .map(|value| value.trim().to_owned())
                .filter(|value| !value.is_empty())
                .ok_or_else(|| {
                    CourseError::File(
                        file.clone(),
                        format!("a mistake opens with `//! belief:`, `words:`, `check:` and `says:`; `{name}:` is missing"),
                    )
                })
        };
        Ok(Self {
            belief: Belief {
                slug: field("belief")?,
                words: field("words")?,
            },
            check: field("check")?,
            says: field("says")?,
            file,
        })
    }
}
