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

use std::path::Path;

use anyhow::{Result, bail};
use mdbook_driver::book::{Book, BookItem};

use crate::course::Course;

/// A line of a chapter that cannot be right, counted from 1, and why.
pub(crate) type Fault = (usize, String);

/// Expands the directives of every chapter. `src` is the folder of the chapters, absolute.
///
/// The external preprocessor and the build in this process both end up here, so that they cannot
/// make different pages.
///
/// # Errors
/// All faults of all chapters, one a line, so that one build shows all.
pub fn preprocess(course: &Course, src: &Path, book: &mut Book) -> Result<()> {
    let mut faults = Vec::new();
    let shown = src.strip_prefix(&course.root).unwrap_or(src).to_owned();
    let glossary = book.iter().find_map(|item| match item {
        BookItem::Chapter(chapter) => (chapter.source_path.as_deref()
            == Some(Path::new(glossary::PAGE)))
        .then(|| glossary::entries(&chapter.content)),
        _ => None,
    });
    let mut terms = glossary.unwrap_or_default();
    book.for_each_mut(|item: &mut BookItem| {
        let BookItem::Chapter(chapter) = item else {
            return;
        };
        let Some(path) = chapter.source_path.clone().or_else(|| chapter.path.clone()) else {
            return;
        };
        let mut found = includes::faults(&src.join(&path), &chapter.content);
        let name = path.to_string_lossy();
        let lesson = name
            .strip_suffix(".md")
            .and_then(|name| course.lesson(name));
        if lesson.is_some() {
            chapter.content = glossary::link(&name, &chapter.content, &mut terms);
        }
        match directives::expand(course, &path, &chapter.content) {
            Ok(text) => chapter.content = text,
            Err(more) => found.extend(more),
        }
        faults.extend((found.into_iter()).map(|(line, why)| (shown.join(&path), line, why)));
    });
    if faults.is_empty() {
        return Ok(());
    }
    faults.sort();
    let faults = faults.iter();
    let lines = faults.map(|(file, line, why)| format!("{}:{line}: {why}", file.display()));
    bail!(lines.collect::<Vec<_>>().join("\n"))
}
