//! The book: its directives, how it is built, and what is checked about the result.
//!
//! Layout: `scan` walks over the lines of a chapter and knows what is code, `directives` finds ours
//! in it, `question` reads a quiz or a prediction, `markup` writes the HTML that `book/theme`
//! expects, `teachers` writes the teachers' page, `hours` how long the course takes, `map` its lessons with their
//! exercises, `stages` those of the learner's own service, `glossary` links terms where they are used first, `includes` looks whether listings exist. `build` runs
//! mdBook over all of it, `refresh` does so again when a source changes. `html` reads built pages; `links` looks whether
//! what they point to exists.

pub mod build;
mod directives;
pub mod glossary;
mod hours;
pub mod html;
pub(crate) mod includes;
pub mod links;
mod map;
pub(crate) mod markup;
mod plans;
mod question;
pub(crate) mod refresh;
pub(crate) mod scan;
pub mod slides;
mod stages;
mod teachers;

use std::path::{Path, PathBuf};

use mdbook_driver::book::{Book, BookItem};

use crate::course::{Course, CourseError};

/// Something in a source of the book that cannot be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The chapter, relative to the course.
    pub file: PathBuf,
    /// Counted from 1.
    pub line: usize,
    /// What is wrong, in words.
    pub why: String,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}: {}", self.file.display(), self.line, self.why)
    }
}

/// Why a book could not be preprocessed: every fault of every chapter, so that one build shows all.
#[derive(Debug, PartialEq, Eq)]
pub enum PreprocessError {
    /// In the chapters.
    Faults(Vec<Fault>),
    /// In the course that the chapters speak of.
    Course(CourseError),
}

impl std::fmt::Display for PreprocessError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Course(e) => e.fmt(f),
            Self::Faults(faults) => {
                for (at, fault) in faults.iter().enumerate() {
                    if at > 0 {
                        f.write_str("\n")?;
                    }
                    fault.fmt(f)?;
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for PreprocessError {}

/// Expands the directives of every chapter. `src` is the folder of the chapters, absolute.
///
/// The external preprocessor and the build in this process both end up here, so that they cannot
/// make different pages.
///
/// # Errors
/// All faults at once.
pub fn preprocess(course: &Course, src: &Path, book: &mut Book) -> Result<(), PreprocessError> {
    let mut faults = Vec::new();
    let mut broken = None;
    let shown = src.strip_prefix(&course.root).unwrap_or(src).to_owned();
    let mut terms = Vec::new();
    for item in book.iter() {
        if let BookItem::Chapter(chapter) = item
            && chapter.source_path.as_deref() == Some(Path::new(glossary::PAGE))
        {
            terms = glossary::entries(&chapter.content);
        }
    }
    book.for_each_mut(|item: &mut BookItem| {
        let BookItem::Chapter(chapter) = item else {
            return;
        };
        let Some(path) = chapter.source_path.clone().or_else(|| chapter.path.clone()) else {
            return;
        };
        includes::check(
            &src.join(&path),
            &shown.join(&path),
            &chapter.content,
            &mut faults,
        );
        let name = path.to_string_lossy();
        if course
            .lessons
            .iter()
            .any(|lesson| name == format!("{}.md", lesson.name))
        {
            chapter.content = glossary::link(&name, &chapter.content, &mut terms);
        }
        match directives::expand(course, &path, &chapter.content) {
            Ok(text) => chapter.content = text,
            Err(directives::Error::Course(e)) => broken = Some(e),
            Err(directives::Error::Lines(lines)) => {
                faults.extend(lines.into_iter().map(|(line, why)| Fault {
                    file: shown.join(&path),
                    line,
                    why,
                }));
            }
        }
    });
    match broken {
        Some(e) => Err(PreprocessError::Course(e)),
        None if faults.is_empty() => Ok(()),
        None => {
            faults.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
            Err(PreprocessError::Faults(faults))
        }
    }
}
