//! `hint`: the hints of an exercise, one more each time.

use std::process::ExitCode;

use anyhow::Result;

use super::{Command, course, named, one_word};
use crate::course::Exercise;
use crate::store::{Event, Store};
use crate::style::Style;
use crate::words;

/// See the file.
pub const COMMAND: Command = Command {
    name: "hint",
    about: "the next hint for an exercise",
    help: "\
Usage: cargo workbook hint ID

Shows the hints seen so far and one more. The first is a nudge, the last is nearly the answer.

Example: cargo workbook hint frames
",
    run,
};

fn run(arguments: lexopt::Parser) -> Result<ExitCode> {
    let course = course()?;
    let exercise = named(&course, one_word(arguments)?.as_deref(), "hint")?;
    let store = Store::new(&course.root);
    print!("{}", next(&store, exercise, Style::of_stdout(false)));
    Ok(ExitCode::SUCCESS)
}

/// One hint more than last time, with those before it; recorded.
pub fn next(store: &Store, exercise: &Exercise, style: Style) -> String {
    let seen = store.progress().0.state(&exercise.id).hints;
    let now = (seen + 1).min(exercise.hints.len());
    let mut out = String::new();
    for (hint, number) in exercise.hints.iter().zip(1..=now) {
        let head = words::hint_head(number, exercise.hints.len());
        out.push_str(&style.wrap(&format!("{head} {hint}"), 2, 4));
        out.push('\n');
    }
    if seen >= exercise.hints.len() {
        out.push_str(&format!("  {}\n", words::no_more_hints(exercise)));
    } else if let Err(e) = store.shown(&exercise.id, Event::Hint { hints: now }) {
        out.push_str(&words::not_recorded(&e));
        out.push('\n');
    }
    out
}
