//! Builds the book and follows every link, anchor and picture of it.

use std::path::Path;

use super::Fault;
use crate::book::{build, links};
use crate::course::Course;
use crate::paths::target_dir;

/// All faults of the built pages; a book that cannot be built is one.
pub fn faults(course: &Course) -> Vec<Fault> {
    // Not where a running workbook serves its book from.
    let place = target_dir(&course.root)
        .join("workbook")
        .join("verify-book");
    let broken = build::build(&course.root, &place).and_then(|()| Ok(links::check(&place)?));
    match broken {
        Ok(broken) => broken
            .into_iter()
            .map(|broken| {
                let page = Path::new("book/src")
                    .join(&broken.page)
                    .with_extension("md");
                Fault::at(page, format!("{}: {}", broken.target, broken.why))
            })
            .collect(),
        Err(e) => vec![Fault::at(
            "book",
            format!("the book cannot be built: {e:#}"),
        )],
    }
}
