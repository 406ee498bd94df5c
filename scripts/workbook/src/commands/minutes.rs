//! `minutes`: how long lessons and exercises take, as stated and as computed.

use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use lexopt::prelude::*;

use super::{Command, course, text};
use crate::course::{Course, Lesson, Page};
use crate::judge::build::{self, Place, cargo};
use crate::judge::process::{self, Cancel, Ending};
use crate::verify::minutes::{MOST_LINES, Shown, is_off, of_exercise, written};

/// The command `minutes`, for those who write lessons.
pub const COMMAND: Command = Command {
    name: "minutes",
    about: "how long lessons and exercises take, as stated and as computed",
    help: "\
Usage: cargo workbook minutes [LESSON]... [--demo | --build]

  LESSON  only these; without it, all
  --demo  builds the demos of these lessons, runs each and says how many seconds it took: the figure
          that `demo = ` in lesson.toml states
  --build compiles the first check of these lessons from an empty target directory: the figure
          that `build = ` states, and a card shows while it compiles the first time

Computed are: words / 200, 4 s a shown line of code, 1 s a line of output, the demo; and for an
exercise 3 minutes and 40 s for each line that its solution writes (empty ones and comments are
not counted).
A figure that is more than 15 % off is marked with `!`, an exercise with more than 20 lines with
`long`. `verify` rejects what is off in the lessons whose lesson.toml has `demo = SECONDS`.

Example: cargo workbook minutes 01
",
    run,
};

fn run(mut arguments: lexopt::Parser) -> Result<ExitCode> {
    let mut demo = false;
    let mut build = false;
    let mut names = Vec::new();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("demo") => demo = true,
            Long("build") => build = true,
            Value(value) => names.push(text(value)?),
            other => return Err(other.unexpected().into()),
        }
    }
    let course = course()?;
    let mut lessons = Vec::new();
    for name in &names {
        let found = course.lesson(name);
        lessons.push(found.with_context(|| format!("there is no lesson `{name}`"))?);
    }
    if names.is_empty() {
        lessons.extend(&course.lessons);
    }
    for lesson in lessons {
        if build {
            compile(&course, lesson)?;
        } else if demo {
            measure(&course, lesson)?;
        } else {
            for page in &lesson.pages {
                print!("{}", table(&course, lesson, page));
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A line for the page and one for each exercise.
fn table(course: &Course, lesson: &Lesson, page: &Page) -> String {
    let shown = Shown::on(course, lesson, page);
    let demo = page
        .demo
        .map_or("not measured".to_owned(), |demo| format!("{demo} s"));
    let mut out = format!(
        "{}: {} minutes stated. {} words, {} lines of code, {} lines of output, demo {demo}\n",
        page.name, page.minutes, shown.words, shown.code, shown.output
    );
    let mut line = |name: &str, stated: u32, computed: f64, more: &str| {
        let mark = if is_off(stated, computed) { "!" } else { " " };
        out += &format!("  {mark} {name:<18} {stated:>3} stated {computed:>6.1} computed{more}\n");
    };
    let reading = shown.minutes(page.demo.unwrap_or_default());
    line("reading", page.reading(lesson), reading, "");
    for exercise in lesson.on(page) {
        let lines = written(course, exercise);
        let long = if lines > MOST_LINES { "  long" } else { "" };
        let more = format!("  {lines:>3} lines{long}");
        line(&exercise.id, exercise.minutes, of_exercise(lines), &more);
    }
    out
}

/// Runs the demo as a learner does, built before.
fn measure(course: &Course, lesson: &Lesson) -> Result<()> {
    let run = |what: &[&str]| -> Result<()> {
        let mut command = cargo(&Place::home(&course.root));
        command.args(what).args(["--package", &lesson.package()]);
        let finished = process::run(&command, None, None, &Cancel::default(), &mut |_, _| {})?;
        match finished.ending {
            Ending::Exited(status) if status.success() => Ok(()),
            _ => bail!(
                "{}: the demo does not end well:\n{}",
                lesson.name,
                finished.err
            ),
        }
    };
    run(&["build"])?;
    let started = Instant::now();
    run(&["run"])?;
    let took = started.elapsed().as_secs_f64();
    let stated = lesson.pages[0]
        .demo
        .map_or("none".to_owned(), |demo| format!("{demo} s"));
    println!("{}: demo {took:.0} s, {stated} stated", lesson.name);
    Ok(())
}

/// Compiles the first check of a lesson as the runner does, from an empty target directory.
fn compile(course: &Course, lesson: &Lesson) -> Result<()> {
    let first = lesson.exercises.first().context("no exercise")?;
    let target = course.root.join("target/first-build");
    let empty = || match std::fs::remove_dir_all(&target) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    };
    empty()?;
    let place = Place {
        root: course.root.clone(),
        target: Some(target.clone()),
    };
    let built = build::build(&place, &[&first.id], &Cancel::default(), &mut |_| {});
    empty()?;
    let built = built?;
    if let Some(why) = built.errors.get(&first.id) {
        bail!("{}: the check does not compile:\n{why}", lesson.name);
    }
    let stated = lesson
        .build
        .map_or("none".to_owned(), |build| format!("{build} s"));
    let took = built.took.as_secs_f64();
    println!("{}: build {took:.0} s, {stated} stated", lesson.name);
    Ok(())
}
