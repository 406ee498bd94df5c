//! The reading order in `src/lib.rs`: it names every file of the agent once, and its numbers of lines
//! are true within a twentieth. With `--nocapture` it prints them.

use std::collections::BTreeSet;
use std::path::Path;

/// The evening may not grow past this.
const EVENING: usize = 2500;

fn source(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(name);
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

/// The files of a module, and of the modules that it declares.
fn modules(file: &str, folder: &str, found: &mut BTreeSet<String>) {
    for line in source(file).lines() {
        let line = line.trim_start_matches("pub ");
        let Some(name) = line
            .strip_prefix("mod ")
            .and_then(|rest| rest.strip_suffix(';'))
        else {
            continue;
        };
        let file = format!("{folder}{name}.rs");
        modules(&file, &format!("{folder}{name}/"), found);
        found.insert(file);
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
        both.push((count, files));
    }
    assert!(
        both[0].0 <= EVENING,
        "{} lines are more than an evening",
        both[0].0
    );

    let mut there = BTreeSet::new();
    modules("lib.rs", "", &mut there);
    // The demo's way to ask is not the agent.
    there.remove("ask.rs");
    let listed: Vec<String> = both
        .iter()
        .flat_map(|(_, files)| files)
        .map(|f| (*f).into())
        .collect();
    let set: BTreeSet<String> = listed.iter().cloned().collect();
    assert_eq!(set, there, "named in src/lib.rs, and there");
    assert_eq!(listed.len(), set.len(), "a file is named twice");
}
