//! The files of the agent with their sizes, in the order in which `lib.rs` says that they are best read.
//! Counted in the files themselves, so that no number has to be kept true by hand.

use std::path::Path;

/// Where the order is written down.
const LIBRARY: &str = include_str!("../src/lib.rs");
const FIRST: &str = "For an evening";
const SECOND: &str = "For a second evening";

/// Both evenings, file by file.
pub fn table() -> String {
    let (first, second) = evenings();
    format!(
        "lines of code, without comments, blank lines and unit tests\n\n{}\n{}",
        part(FIRST, &names(first)),
        part(SECOND, &names(second))
    )
}

fn part(title: &str, names: &[&str]) -> String {
    let lines: Vec<_> = names.iter().map(|name| lines_of(name)).collect();
    let rows: String = lines
        .iter()
        .zip(names)
        .map(|(lines, name)| format!("{lines:>9}  {name}\n"))
        .collect();
    format!("{:>5}  {title}\n{rows}", lines.iter().sum::<usize>())
}

/// Returns the text of the layout about each evening.
pub fn evenings() -> (&'static str, &'static str) {
    let layout = LIBRARY.split("# Layout").nth(1).unwrap_or("");
    layout.split_once(SECOND).unwrap_or((layout, ""))
}

/// The files that a text names, in `code`.
pub fn names(text: &'static str) -> Vec<&'static str> {
    let code = text.split('`').skip(1).step_by(2);
    code.filter(|name| name.ends_with(".rs")).collect()
}

/// Counts what a reader has to understand. Where the sources are not, there is nothing to read.
pub fn lines_of(name: &str) -> usize {
    let folder = if name.starts_with("extra/") {
        ""
    } else {
        "src"
    };
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(folder)
        .join(name);
    let source = std::fs::read_to_string(file).unwrap_or_default();
    let code = source.split("#[cfg(test)]").next().unwrap_or("");
    code.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("//"))
        .count()
}
