//! The reading order in `src/lib.rs`: it names every file of the agent once, and its numbers of lines
//! are true within a twentieth. With `--nocapture` it prints them.

use std::collections::BTreeSet;
use std::path::Path;

use crate::reading::{evenings, lines_of, names, table};

/// The evening may not grow past this; with its comments and blank lines `src/` has at most 2,500.
const EVENING: usize = 2000;

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

/// The number in front of a word, or behind it.
fn number(text: Option<&str>) -> usize {
    text.expect("a number").parse().unwrap()
}

#[test]
fn the_layout_names_every_file_and_counts_right() {
    println!("{}", table());
    let evenings = evenings();
    for part in [evenings.0, evenings.1] {
        let about = part.split("about ").nth(1);
        let said = number(about.and_then(|text| text.split(' ').next()));
        let until = part.split(" minutes").next();
        let minutes = number(until.and_then(|text| text.rsplit(' ').next()));
        let count: usize = names(part).into_iter().map(lines_of).sum();
        assert!(
            count.abs_diff(said) * 20 <= count,
            "{count} lines, and src/lib.rs says {said}"
        );
        // A line of Rust takes a reader four seconds.
        assert!(
            (count * 4 / 60).abs_diff(minutes) * 10 <= minutes,
            "{} minutes, and src/lib.rs says {minutes}",
            count * 4 / 60
        );
    }
    let first: usize = names(evenings.0).into_iter().map(lines_of).sum();
    assert!(first <= EVENING, "{first} lines are more than an evening");

    let mut there = BTreeSet::new();
    files("src", "", &mut there);
    files("extra", "extra/", &mut there);
    let listed = [names(evenings.0), names(evenings.1)].concat();
    let set: BTreeSet<String> = listed.iter().map(ToString::to_string).collect();
    assert_eq!(set, there, "named in src/lib.rs, and there");
    assert_eq!(listed.len(), set.len(), "a file is named twice");
}
