//! `reset` and `undo`: the stub back, and the learner's text back. Neither ever loses a text.

use std::process::ExitCode;

use anyhow::{Context, Result};

use super::{Command, course, named, one_word};
use crate::course::{Course, Exercise};
use crate::store::Store;
use crate::words;

/// The command `reset`.
pub const RESET: Command = Command {
    name: "reset",
    about: "put the stub of an exercise back; your text is kept",
    help: "\
Usage: cargo workbook reset ID

Your text is moved to .workbook/kept/ID/ and stays there. `cargo workbook undo ID` brings it back.

Example: cargo workbook reset frames
",
    run: |arguments| run(arguments, reset),
};

/// The command `undo`.
pub const UNDO: Command = Command {
    name: "undo",
    about: "bring back the text that the last reset took away",
    help: "\
Usage: cargo workbook undo ID

What is in exercise.rs now is kept as well, in .workbook/kept/ID/. Several resets are undone one by
one, the newest first.

Example: cargo workbook undo frames
",
    run: |arguments| run(arguments, undo),
};

fn run(
    arguments: lexopt::Parser,
    act: fn(&Course, &Store, &Exercise) -> Result<String>,
) -> Result<ExitCode> {
    let course = course()?;
    let exercise = named(&course, one_word(arguments)?.as_deref(), "reset")?;
    println!("{}", act(&course, &Store::new(&course.root), exercise)?);
    Ok(ExitCode::SUCCESS)
}

/// Puts the stub back and says where the text went.
///
/// # Errors
/// Why it could not be done; then nothing has changed.
pub fn reset(course: &Course, store: &Store, exercise: &Exercise) -> Result<String> {
    let (done, unrecorded) = store
        .reset(&course.root, exercise)
        .with_context(|| words::nothing_changed(exercise))?;
    let said = words::reset(&done, exercise, &course.root);
    Ok(with_note(said, unrecorded))
}

/// Brings the text back.
///
/// # Errors
/// Why it could not be done; then both texts are still there.
pub fn undo(course: &Course, store: &Store, exercise: &Exercise) -> Result<String> {
    let (done, unrecorded) = store
        .undo(&course.root, exercise)
        .with_context(|| words::nothing_changed(exercise))?;
    Ok(with_note(words::undo(done, exercise), unrecorded))
}

fn with_note(said: String, unrecorded: Option<std::io::Error>) -> String {
    match unrecorded {
        Some(e) => format!("{said}\n{}", words::not_recorded(&e)),
        None => said,
    }
}
