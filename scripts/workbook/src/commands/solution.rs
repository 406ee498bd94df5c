//! `solution`: shows the solution after a pass, and before only on demand.

use std::process::ExitCode;

use anyhow::{Context, Result};
use lexopt::prelude::*;

use super::{Command, course, named, text};
use crate::store::{Event, Store};
use crate::words;

/// The command `solution`.
pub const COMMAND: Command = Command {
    name: "solution",
    about: "show the solution, after a pass or with --reveal",
    help: "\
Usage: cargo workbook solution ID [--reveal]

  --reveal  show it although the exercise has not passed; the record says so

Example: cargo workbook solution frames
",
    run,
};

fn run(mut arguments: lexopt::Parser) -> Result<ExitCode> {
    let (mut id, mut reveal) = (None, false);
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("reveal") => reveal = true,
            Value(value) if id.is_none() => id = Some(text(value)?),
            other => return Err(other.unexpected().into()),
        }
    }
    let course = course()?;
    let exercise = named(&course, id.as_deref(), "solution")?;
    let store = Store::new(&course.root);
    let state = store.progress().0.state(&exercise.id);
    if !state.passed && !reveal {
        println!("{}", words::solution_is_closed(exercise, state.hints));
        return Ok(ExitCode::FAILURE);
    }
    if !state.passed
        && let Err(e) = store.shown(&exercise.id, Event::Reveal { hints: state.hints })
    {
        eprintln!("{}", words::not_recorded(&e));
    }
    let file = exercise.solution();
    let solution = std::fs::read_to_string(course.path(&file))
        .with_context(|| format!("cannot read {}", file.display()))?;
    print!("{solution}");
    Ok(ExitCode::SUCCESS)
}
