//! `verify`: the course proves itself.

use std::io::Write;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result};
use lexopt::prelude::*;

use super::{Command, course, exit, text};
use crate::course::{Course, Exercise};
use crate::needs;
use crate::text::{many, seconds};
use crate::verify::{Fault, answers, files, listings, minutes, mutants, pages};

/// The command `verify`, for those who write exercises.
pub const COMMAND: Command = Command {
    name: "verify",
    about: "prove the course: stubs fail, right answers pass, every mistake is caught",
    help: "\
Usage: cargo workbook verify [ID | LESSON]... [--stress N | --mutants [--beliefs]]

  ID, LESSON  runs only the answers of these exercises and lessons; files, listings and pages are
              looked at all the same. Without it: every answer of the course
  --stress N  each solution must pass N times (otherwise once; 3 times with CI=true)
  --mutants   instead of all that: makes small wrong programs of each right answer (a comparison at
              its edge, a number off by one, a statement left out, an error ignored, a lock held
              longer) and runs the check on each. One that passes is a fault, unless a line in the
              exercise's equivalent.txt has its change, as it is printed, then ` ## ` and a reason
  --beliefs   with --mutants: prints each mutant whose verdict names a belief, that belief, and the
              message. Would the author of this change hold it? If not, the check mistakes another
              cause for it. A mutant without a belief is not printed

Prints one line for each thing that is wrong, and exits with 1 if there is any. Works in a copy
under target/workbook: the files you edit are neither used nor touched.

Examples:
  cargo workbook verify frames --stress 20
  cargo workbook verify frames --mutants
  cargo workbook verify frames --mutants --beliefs
",
    run,
};

fn run(mut arguments: lexopt::Parser) -> Result<ExitCode> {
    let strict = std::env::var_os("CI").is_some_and(|ci| ci == "true");
    let mut times = if strict { 3 } else { 1 };
    let (mut with_mutants, mut with_beliefs) = (false, false);
    let mut names = Vec::new();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("stress") => times = arguments.value()?.parse::<usize>()?.max(1),
            Long("mutants") => with_mutants = true,
            Long("beliefs") => with_beliefs = true,
            Value(value) => names.push(text(value)?),
            other => return Err(other.unexpected().into()),
        }
    }
    anyhow::ensure!(with_mutants || !with_beliefs, "--beliefs is for --mutants");
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
    if with_mutants {
        return run_mutants(&course, &exercises, with_beliefs, started);
    }
    let mut faults = files::faults(&course);
    faults.extend(listings::faults(&course));
    faults.extend(minutes::faults(&course));
    faults.extend(pages::faults(&course));
    let (found, counts) =
        answers::faults(&course, &exercises, times, &mut say).context("cannot make the copy")?;
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
        "verify: {}, {} answers ({} of them mistakes, {} accepted in another style), solutions run {times} times: {} \
         ({})",
        many(exercises.len(), "exercise"),
        counts.answers,
        counts.mistakes,
        counts.accepted,
        many(faults.len(), "fault"),
        seconds(started.elapsed()),
    );
    Ok(exit(faults.is_empty()))
}

/// Progress only; if nobody listens, the work goes on.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "verify: {line}");
}

/// The small wrong programs of these exercises: a line for each exercise, with those that got a belief below it if
/// `beliefs`, then what passes without a reason.
fn run_mutants(
    course: &Course,
    exercises: &[&Exercise],
    beliefs: bool,
    started: Instant,
) -> Result<ExitCode> {
    let mut all = 0;
    let mut faults: Vec<Fault> = mutants::faults(
        course,
        exercises,
        &mut say,
        &mut |exercise, counts, named| {
            all += counts.made;
            println!("{:16} {counts}", exercise.id);
            for mutant in named.iter().filter(|_| beliefs) {
                println!("  {} {}", mutant.place, mutant.change);
                println!("    {}: {}", mutant.belief, mutant.message);
            }
        },
    )
    .context("cannot make the mutants")?;
    faults.dedup();
    for fault in &faults {
        println!("✗ {fault}");
    }
    println!(
        "verify: {}, {all} mutants: {} ({})",
        many(exercises.len(), "exercise"),
        many(faults.len(), "fault"),
        seconds(started.elapsed())
    );
    Ok(exit(faults.is_empty()))
}
