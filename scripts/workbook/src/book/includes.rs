//! Looks whether the listings of a chapter exist: file and anchor of every `{{#include}}`.
//!
//! mdBook only logs a file that is missing, and shows an empty listing for an anchor that is
//! missing. A renamed anchor would take a listing out of the book, and nobody would notice.

use std::path::Path;

use crate::words_book as words;

use super::Fault;

/// Adds a fault for every include that would come out empty. `file` is the chapter on disk,
/// `shown` its name in a message.
pub fn check(file: &Path, shown: &Path, text: &str, faults: &mut Vec<Fault>) {
    let base = file.parent().unwrap_or(Path::new(""));
    for (line, number) in text.lines().zip(1..) {
        for target in targets(line) {
            if let Some(why) = missing(base, target) {
                faults.push(Fault {
                    file: shown.to_owned(),
                    line: number,
                    why,
                });
            }
        }
    }
}

/// What the includes of a line name: `path`, `path:anchor` or `path:from:to`.
fn targets(line: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for mark in ["{{#include ", "{{#rustdoc_include "] {
        for (start, _) in line.match_indices(mark) {
            if line[..start].ends_with('\\') {
                continue;
            }
            let rest = &line[start + mark.len()..];
            if let Some(end) = rest.find("}}")
                && let Some(target) = rest[..end].split_whitespace().next()
            {
                found.push(target);
            }
        }
    }
    found
}

fn missing(base: &Path, target: &str) -> Option<String> {
    let (path, part) = target.split_once(':').unwrap_or((target, ""));
    let Ok(text) = std::fs::read_to_string(base.join(path)) else {
        return Some(words::no_listing(path));
    };
    let is_range = part
        .split(':')
        .all(|number| number.is_empty() || number.parse::<usize>().is_ok());
    if is_range {
        return None;
    }
    let anchor = part.split(':').next().unwrap_or(part);
    let has = |mark: &str| {
        text.lines().any(|line| {
            line.split_once(mark)
                .is_some_and(|(_, name)| name.split_whitespace().next() == Some(anchor))
        })
    };
    (!has("ANCHOR:") || !has("ANCHOR_END:")).then(|| words::no_anchor(path, anchor))
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
        let mut faults = Vec::new();
        let text = "{{#include x.rs:one}}\n{{#include x.rs}} {{#include x.rs:1:2}}\n{{#include x.rs:two}}\n\
                    {{#include y.rs}}\n{{#include x.rs:open}}\n\\{{#include z.rs}}\n";
        check(
            &dir.path().join("a.md"),
            Path::new("a.md"),
            text,
            &mut faults,
        );
        let lines: Vec<usize> = faults.iter().map(|fault| fault.line).collect();
        assert_eq!(lines, [3, 4, 5], "{faults:?}");
    }
}
