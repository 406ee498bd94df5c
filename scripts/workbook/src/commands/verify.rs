//! `verify`: the course proves itself.

use std::io::Write;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result};
use lexopt::prelude::*;

use super::{Command, course, text};
use crate::course::Exercise;
use crate::needs;
use crate::text::seconds;
use crate::verify::{answers, files, listings, pages, slugs};

/// The command `verify`, for those who write exercises.
pub const COMMAND: Command = Command {
    name: "verify",
    about: "prove the course: every stub fails, every solution passes, every mistake is caught",
    help: "\
Usage: cargo workbook verify [ID | LESSON]... [--stress N]

  ID, LESSON  runs only the answers of these exercises and lessons; files, listings and pages are
              looked at all the same. Without it: every answer of the course
  --stress N  each solution must pass N times (otherwise once; 3 times with CI=true)

Prints one line for each thing that is wrong, and exits with 1 if there is any. Works in a copy
under target/workbook: the files you edit are neither used nor touched. With CI=true an exercise.rs
that differs from its stub.rs is a fault as well.

Example: cargo workbook verify frames --stress 20
",
    run,
};

fn run(mut arguments: lexopt::Parser) -> Result<ExitCode> {
    let strict = std::env::var_os("CI").is_some_and(|ci| ci == "true");
    let mut times = if strict { 3 } else { 1 };
    let mut names = Vec::new();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("stress") => times = arguments.value()?.parse::<usize>()?.max(1),
            Value(value) => names.push(text(value)?),
            other => return Err(other.unexpected().into()),
        }
    }
    let started = Instant::now();
    let course = course()?;
    let mut exercises: Vec<&Exercise> = Vec::new();
    for name in &names {
        for exercise in course.select(name)? {
            if !exercises.iter().any(|known| known.id == exercise.id) {
                exercises.push(exercise);
            }
        }
    }
    if names.is_empty() {
        exercises.extend(course.exercises());
    }
    for exercise in &exercises {
        needs::met(&exercise.needs, &exercise.lesson).map_err(anyhow::Error::msg)?;
    }
    let mut faults = files::faults(&course, strict);
    faults.extend(slugs::faults(&course));
    faults.extend(listings::faults(&course));
    faults.extend(pages::faults(&course));
    let (found, counts) = answers::faults(&course, &exercises, times, &mut |line| {
        // Progress only; if nobody listens, the work goes on.
        let _ = writeln!(std::io::stderr(), "verify: {line}");
    })
    .context("cannot make the copy")?;
    faults.extend(found);
    faults.sort();
    faults.dedup();
    for fault in &faults {
        println!("✗ {fault}");
    }
    if !strict {
        for exercise in files::edited(&course) {
            println!(
                "note: {} has your text; stub.rs was used",
                exercise.answer().display()
            );
        }
    }
    println!(
        "verify: {}, {} answers ({} of them mistakes), solutions run {times} times: {} \
         ({})",
        match exercises.len() {
            1 => "1 exercise".to_owned(),
            n => format!("{n} exercises"),
        },
        counts.answers,
        counts.mistakes,
        match faults.len() {
            0 => "no fault".to_owned(),
            1 => "1 fault".to_owned(),
            n => format!("{n} faults"),
        },
        seconds(started.elapsed()),
    );
    Ok(if faults.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
