//! Exercises that have a new id: what a learner did under the old one follows it.

use std::path::Path;

/// The table, relative to the course: an old id and the present one a line, `#` before a comment. Of an exercise that
/// was split in two, the first has the record.
pub const FILE: &str = "scripts/workbook/renames.txt";

/// Old ids, and what each is called now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Renames(Vec<(String, String)>);

impl Renames {
    /// Reads the table of the course in `root`; without the file it is empty.
    pub fn read(root: &Path) -> Self {
        let text = std::fs::read_to_string(root.join(FILE)).unwrap_or_default();
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let pairs = lines.filter_map(|line| line.trim().split_once(char::is_whitespace));
        Self(
            pairs
                .map(|(old, new)| (old.to_owned(), new.trim().to_owned()))
                .collect(),
        )
    }

    /// All lines, in their order: the old id and the present one.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(old, new)| (old.as_str(), new.as_str()))
    }

    /// What the exercise `id` is called now.
    pub fn now<'a>(&'a self, id: &'a str) -> &'a str {
        self.iter()
            .find(|(old, _)| *old == id)
            .map_or(id, |(_, new)| new)
    }

    /// The old ids of the exercise that is now called `id`.
    pub fn before<'a>(&'a self, id: &'a str) -> impl Iterator<Item = &'a str> {
        self.iter()
            .filter(move |(_, new)| *new == id)
            .map(|(old, _)| old)
    }
}
