//! Every Rust listing in the book comes from a compiled file, so that it cannot drift from it.

use std::fs;
use std::path::{Path, PathBuf};

use super::Fault;
use crate::book::includes;
use crate::course::Course;

/// All faults of the chapters' listings.
pub fn faults(course: &Course) -> Vec<Fault> {
    let mut faults = Vec::new();
    for chapter in chapters(&course.path(Path::new("book/src"))) {
        let place = chapter
            .strip_prefix(&course.root)
            .unwrap_or(&chapter)
            .to_owned();
        match fs::read_to_string(&chapter) {
            Ok(text) => chapter_faults(&text, &chapter, &place, &mut faults),
            Err(e) => faults.push(Fault::at(place, e.to_string())),
        }
    }
    faults
}

fn chapters(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(chapters(&path));
        } else if path.extension().is_some_and(|ending| ending == "md") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn chapter_faults(text: &str, file: &Path, place: &Path, faults: &mut Vec<Fault>) {
    let mut fence: Option<(usize, String, bool)> = None;
    for (line, number) in text.lines().zip(1..) {
        let trimmed = line.trim_start();
        match &mut fence {
            None => {
                let marks = trimmed.chars().take_while(|c| *c == '`').count();
                if marks >= 3 {
                    let rust = trimmed[marks..].trim_start().starts_with("rust");
                    fence = Some((number, "`".repeat(marks), rust));
                }
            }
            Some((_, marks, _)) if trimmed.trim_end() == marks.as_str() => fence = None,
            Some((_, _, true)) if !line.trim().is_empty() && !line.contains("{{#") => {
                faults.push(Fault::at(
                    place,
                    format!(
                        "line {number}: a Rust listing must come from a compiled file by \
                         {{{{#include FILE:ANCHOR}}}}; what a run printed is marked ```text"
                    ),
                ));
                fence = fence.take().map(|(start, marks, _)| (start, marks, false));
            }
            Some(_) => {}
        }
        for include in includes::targets(line) {
            if let Some(why) = includes::fault(include, file) {
                faults.push(Fault::at(place, format!("line {number}: {why}")));
            }
        }
    }
    if let Some((start, ..)) = fence {
        faults.push(Fault::at(
            place,
            format!("line {start}: the fence is never closed"),
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_typed_by_hand_is_found_once() {
        let mut faults = Vec::new();
        let text = "```rust\nfn a() {}\nfn b() {}\n```\n```text\nfn c() {}\n```\n";
        chapter_faults(text, Path::new("/x/y.md"), Path::new("y.md"), &mut faults);
        assert_eq!(faults.len(), 1);
        assert!(faults[0].what.starts_with("line 2:"), "{faults:?}");
    }
}
