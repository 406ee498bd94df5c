//! Mistakes that a verdict still takes for another one, and those whose message is that of another one: the lists of
//! what is left to mend. They may only shrink.

use std::collections::BTreeSet;
use std::path::Path;

use super::Fault;
use crate::course::Course;

/// The list, relative to the course: the file of one mistake a line, `#` before a comment.
pub const FILE: &str = "scripts/workbook/known-slugs.txt";

/// The list of mistakes that end in the same message as another one before them, in the same form.
pub const TWINS: &str = "scripts/workbook/known-twins.txt";

/// The mistakes that stand in a list.
#[derive(Debug, Default)]
pub struct Known(BTreeSet<String>);

impl Known {
    /// Reads a list of `course`; without the file it is empty.
    #[must_use]
    pub fn read(course: &Course, list: &str) -> Self {
        let text = std::fs::read_to_string(course.path(Path::new(list))).unwrap_or_default();
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

/// Lines of the lists that name no file of the course.
#[must_use]
pub fn faults(course: &Course) -> Vec<Fault> {
    let gone = |list| {
        let Known(known) = Known::read(course, list);
        (known.into_iter())
            .filter(|file| !course.path(Path::new(file)).is_file())
            .map(move |file| Fault::at(list, format!("there is no {file}: take the line out")))
    };
    gone(FILE).chain(gone(TWINS)).collect()
}
