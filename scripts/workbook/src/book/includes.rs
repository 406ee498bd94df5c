//! Looks whether the listings of a chapter exist: file and anchor of every `{{#include}}`.
//!
//! mdBook only logs a file that is missing, and shows an empty listing for an anchor that is
//! missing. A renamed anchor would take a listing out of the book, and nobody would notice.

use std::path::Path;

use crate::words::book as words;

use super::Fault;

/// A fault for every include that would come out empty. `chapter` is its file on disk.
pub fn faults(chapter: &Path, text: &str) -> Vec<Fault> {
    let targets = text.lines().zip(1..).flat_map(|(line, number)| {
        targets(line)
            .into_iter()
            .map(move |target| (number, target))
    });
    targets
        .filter_map(|(number, target)| Some((number, fault(target, chapter)?)))
        .collect()
}

/// What the includes of a line name: `path` or `path:anchor`. One behind a backslash is only shown.
pub fn targets(line: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for mark in ["{{#include ", "{{#rustdoc_include "] {
        for (start, _) in line.match_indices(mark) {
            let rest = &line[start + mark.len()..];
            if !line[..start].ends_with('\\')
                && let Some((target, _)) = rest.split_once("}}")
            {
                found.push(target.trim());
            }
        }
    }
    found
}

/// What is wrong with the include of `target` in `chapter`.
pub fn fault(target: &str, chapter: &Path) -> Option<String> {
    let (path, part) = target.split_once(':').unwrap_or((target, ""));
    let base = chapter.parent().unwrap_or(Path::new(""));
    let Ok(text) = std::fs::read_to_string(base.join(path)) else {
        return Some(words::no_listing(target));
    };
    if part.is_empty() {
        return None;
    }
    // Line ranges are silently wrong after the next edit; anchors move with the code.
    if part.starts_with(|c: char| c.is_ascii_digit() || c == ':') {
        return Some(words::listing_by_lines(target));
    }
    let has = |mark: &str| {
        text.lines().any(|line| {
            line.split_once(mark)
                .is_some_and(|(_, name)| name.trim() == part)
        })
    };
    (!has("ANCHOR:") || !has("ANCHOR_END:")).then(|| words::no_anchor(target))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_anchors_must_exist() {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::write(
            dir.path().join("x.rs"),
            "// ANCHOR: one\nfn f() {}\n// ANCHOR_END: one\n// ANCHOR: open\n",
        )
        .expect("written");
        let text = "{{#include x.rs:one}}\n{{#include x.rs}}\n{{#include x.rs:two}}\n\
                    {{#include y.rs}}\n{{#include x.rs:open}}\n\\{{#include z.rs}}\n\
                    a {{#include x.rs}} {{#include x.rs:1:2}}\n";
        let expected = [
            (3, words::no_anchor("x.rs:two")),
            (4, words::no_listing("y.rs")),
            (5, words::no_anchor("x.rs:open")),
            (7, words::listing_by_lines("x.rs:1:2")),
        ];
        assert_eq!(faults(&dir.path().join("a.md"), text), expected);
    }
}
