//! Mistakes that a verdict still takes for another one: the list of what is left to mend. It may only shrink.

use std::collections::BTreeSet;
use std::path::Path;

use super::Fault;
use crate::course::Course;

/// The list, relative to the course: the file of one mistake a line, `#` before a comment.
pub const FILE: &str = "scripts/workbook/known-slugs.txt";

/// The mistakes that stand in the list.
#[derive(Debug, Default)]
pub struct Known(BTreeSet<String>);

impl Known {
    /// Reads the list of `course`; without the file it is empty.
    #[must_use]
    pub fn read(course: &Course) -> Self {
        let text = std::fs::read_to_string(course.path(Path::new(FILE))).unwrap_or_default();
        let lines = text.lines().map(str::trim);
        Self(
            lines
                .filter(|line| !line.is_empty() && !line.starts_with('#'))
                .map(str::to_owned)
                .collect(),
        )
    }

    /// Whether the mistake in `file`, a path relative to the course, stands in the list.
    #[must_use]
    pub fn contains(&self, file: &Path) -> bool {
        file.to_str().is_some_and(|file| self.0.contains(file))
    }
}

/// Lines of the list that name no file of the course.
#[must_use]
pub fn faults(course: &Course) -> Vec<Fault> {
    let known = Known::read(course);
    known
        .0
        .iter()
        .filter(|file| !course.path(Path::new(file)).is_file())
        .map(|file| Fault::at(FILE, format!("there is no {file}: take the line out")))
        .collect()
}
