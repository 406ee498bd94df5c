//! The part of a build script that brings exercises into the lesson's program: with the feature `mine` the
//! learner's own passed answers, and the solutions where nothing has passed yet.
//!
//! For each exercise it writes `$OUT_DIR/ID.rs`, a few lines that name the file to compile. The file
//! itself is compiled where it lies: a text put in by `include!` may not begin with `//!` lines,
//! and its errors would be reported in a file that nobody has written. Only what the sources then
//! include is compiled.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// Writes the file of each exercise of this lesson, and only with the feature.
pub fn main() -> io::Result<()> {
    // Something must be named, or cargo would look at every file of the lesson.
    println!("cargo::rerun-if-env-changed=CARGO_FEATURE_MINE");
    if env::var_os("CARGO_FEATURE_MINE").is_none() {
        return Ok(());
    }
    fill(&folder("CARGO_MANIFEST_DIR")?)
}

/// Writes the lines for each exercise of a lesson.
fn fill(lesson: &Path) -> io::Result<()> {
    let out = folder("OUT_DIR")?;
    let passed = lesson.join("../../.workbook/passed");
    // The whole folder: an answer may come, change or go. While there is none, cargo asks each time.
    println!("cargo::rerun-if-changed={}", passed.display());
    for exercise in fs::read_dir(lesson.join("exercises"))? {
        let dir = exercise?.path();
        let Some(id) = dir.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        let own = names(lesson, id)
            .map(|name| passed.join(format!("{name}.rs")))
            .find(|file| file.is_file());
        let text = match own {
            Some(own) => part(&own, true),
            None => part(&dir.join("solution.rs"), false),
        };
        let given = dir.join("given.rs");
        let given = if given.is_file() {
            module("given", &given)
        } else {
            String::new()
        };
        fs::write(out.join(format!("{id}.rs")), text + &given)?;
    }
    Ok(())
}

/// The id of an exercise, and those that it had before.
pub fn names(lesson: &Path, id: &str) -> impl Iterator<Item = String> {
    let table = lesson.join("../../scripts/workbook/renames.txt");
    println!("cargo::rerun-if-changed={}", table.display());
    let table = fs::read_to_string(table).unwrap_or_default();
    let before = (table.lines())
        .filter_map(|line| line.trim().split_once(char::is_whitespace))
        .filter(|(_, now)| now.trim() == id)
        .map(|(before, _)| before.to_owned());
    let names: Vec<String> = [id.to_owned()].into_iter().chain(before).collect();
    names.into_iter()
}

/// The folder that a variable of cargo names.
///
/// # Errors
/// If cargo has not set it.
pub fn folder(variable: &str) -> io::Result<PathBuf> {
    let value = env::var_os(variable).ok_or(io::ErrorKind::NotFound)?;
    Ok(value.into())
}

fn part(file: &Path, own: bool) -> String {
    format!(
        "/// Whether this is the learner's own answer.\n\
         pub const OWN: bool = {own};\n\
         {}",
        module("answer", file)
    )
}

/// The lines that compile a file, where it lies, as a module.
pub fn module(name: &str, file: &Path) -> String {
    format!(
        "#[path = {file:?}]\n\
         #[allow(warnings, clippy::all, reason = \"its check has judged it already\")]\n\
         pub mod {name};\n"
    )
}
