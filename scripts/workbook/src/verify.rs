//! The course about itself: a maintainer adds an exercise, and this says whether it is a good one.
//!
//! Layout: `files` looks at what lies on disk, `listings` at the chapters, `pages` at the built book, `answers` compiles and
//! runs every stub, solution and mistake in a scratch copy (`programs` makes one program of all answers of an
//! exercise), `minutes` computes how long lessons take, `mutants` runs the solution with one change at a time, `lint` reads them as clippy and rustfmt do. Each returns [`Fault`]s: one line each.

pub mod answers;
pub mod files;
mod lint;
pub mod listings;
pub mod minutes;
pub mod mutants;
pub(crate) mod pages;
mod programs;

use std::path::{Path, PathBuf};

/// Something that is wrong with the course.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// The file or folder to look at, relative to the course.
    pub place: PathBuf,
    /// What is wrong, and what would be right.
    pub what: String,
}

impl Fault {
    /// A fault at `place`.
    pub fn at(place: impl AsRef<Path>, what: impl Into<String>) -> Self {
        Self {
            place: place.as_ref().to_owned(),
            what: what.into(),
        }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.place.display(), self.what)
    }
}
