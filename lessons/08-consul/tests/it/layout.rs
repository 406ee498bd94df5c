//! The reading order in `src/lib.rs`: it names every file of the agent once, and its numbers of lines
//! are true within a twentieth. With `--nocapture` it prints them.

use std::collections::BTreeSet;
use std::path::Path;

/// The evening may not grow past this; with its comments and blank lines `src/` has at most 2,500.
const EVENING: usize = 2000;

/// The text of a file that the layout names: of `src/`, or of `extra/` where it says so.
fn source(name: &str) -> String {
    let folder = if name.starts_with("extra/") {
        ""
    } else {
        "src"
    };
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(folder)
        .join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What a reader has to understand: no comments, no blank lines, no unit tests.
fn lines_of_code(text: &str) -> usize {
    let code = text.split("#[cfg(test)]").next().unwrap_or(text);
    let lines = code.lines().map(str::trim);
    lines
        .filter(|line| !line.is_empty() && !line.starts_with("//"))
        .count()
}

/// The files that a text names, in `code`.
fn named(text: &str) -> Vec<&str> {
    let names = text.split('`').skip(1).step_by(2);
    names.filter(|name| name.ends_with(".rs")).collect()
}

/// The Rust files below a folder of this crate, as the layout names them.
fn files(folder: &str, name: &str, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).unwrap() {
        let entry = entry.unwrap();
        let own = entry.file_name().into_string().unwrap();
        if entry.file_type().unwrap().is_dir() {
            files(&format!("{folder}/{own}"), &format!("{name}{own}/"), found);
        } else {
            found.insert(format!("{name}{own}"));
        }
    }
}

#[test]
fn the_layout_names_every_file_and_counts_right() {
    let head = source("lib.rs");
    let head: String = head
        .lines()
        .filter_map(|line| line.strip_prefix("//!"))
        .collect();
    let layout = head.split("# Layout").nth(1).expect("a layout");
    let mut parts = layout.split("For a second evening");
    let mut both = Vec::new();
    for which in ["the first evening", "the second evening"] {
        let part = parts.next().expect("two evenings");
        let said = part.split("about ").nth(1).expect("a number");
        let said: usize = said.split(' ').next().unwrap().parse().unwrap();
        let minutes = part
            .split(" minutes")
            .next()
            .and_then(|text| text.rsplit(' ').next());
        let minutes: usize = minutes.expect("minutes").parse().unwrap();
        let files = named(part);
        let count = files
            .iter()
            .map(|name| lines_of_code(&source(name)))
            .sum::<usize>();
        println!("{which}: {count} lines of code in {} files", files.len());
        assert!(
            count.abs_diff(said) * 20 <= count,
            "{which} has {count} lines, and src/lib.rs says {said}"
        );
        // A line of Rust takes a reader four seconds.
        assert!(
            (count * 4 / 60).abs_diff(minutes) * 10 <= minutes,
            "{which} takes {} minutes, and src/lib.rs says {minutes}",
            count * 4 / 60
        );
        both.push((count, files));
    }
    assert!(
        both[0].0 <= EVENING,
        "{} lines are more than an evening",
        both[0].0
    );

    let mut there = BTreeSet::new();
    files("src", "", &mut there);
    files("extra", "extra/", &mut there);
    let listed: Vec<String> = both
        .iter()
        .flat_map(|(_, files)| files)
        .map(|f| (*f).into())
        .collect();
    let set: BTreeSet<String> = listed.iter().cloned().collect();
    assert_eq!(set, there, "named in src/lib.rs, and there");
    assert_eq!(listed.len(), set.len(), "a file is named twice");
}
