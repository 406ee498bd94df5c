//! `list`: lessons and exercises with state and minutes.

use std::process::ExitCode;

use anyhow::Result;
use serde_json::json;

use super::{Command, course, switches};
use crate::course::Course;
use crate::store::{Progress, Standing, Store, untouched};
use crate::style::Style;
use crate::text::{minutes, shorten};
use crate::words;

/// See the file.
pub const COMMAND: Command = Command {
    name: "list",
    about: "lessons and exercises, what has passed and how long each takes",
    help: "\
Usage: cargo workbook list [--json] [--plain]

  --json   one object a line: id, lesson, number, title, core, minutes, state (open, tried, passed),
           attempts, hints
  --plain  no colour, no marks: for a screen reader

Example: cargo workbook list
",
    run,
};

fn run(arguments: lexopt::Parser) -> Result<ExitCode> {
    let [as_json, plain] = switches(arguments, ["json", "plain"])?;
    let course = course()?;
    let (progress, damage) = Store::new(&course.root).progress();
    eprint!("{}", words::damaged(&damage));
    if as_json {
        for exercise in course.exercises() {
            let state = progress.state(&exercise.id);
            let standing = Standing::of(state, untouched(&course.root, exercise));
            println!(
                "{}",
                json!({
                    "id": exercise.id, "lesson": exercise.lesson, "page": exercise.page, "number": exercise.number,
                    "title": exercise.title, "core": exercise.core, "minutes": exercise.minutes,
                    "state": standing.word(), "attempts": state.attempts, "hints": state.hints,
                })
            );
        }
    } else {
        print!("{}", table(&course, &progress, Style::of_stdout(plain)));
    }
    Ok(ExitCode::SUCCESS)
}

/// The column where titles begin, marks as words included.
const TITLE_AT: usize = 41;

/// The course as a table, for `list` and for the key `l`.
pub fn table(course: &Course, progress: &Progress, style: Style) -> String {
    let mut out = String::new();
    let (mut done, mut all) = (0, 0);
    for lesson in &course.lessons {
        let passed = if progress.lesson_passed(lesson) {
            words::LESSON_PASSED
        } else {
            ""
        };
        out.push_str(&format!(
            "{}  {}{}\n",
            style.bold(&format!("{} {}", lesson.name, lesson.title)),
            style.dim(&minutes(lesson.minutes)),
            style.good(passed),
        ));
        let mut page = &lesson.name;
        for exercise in &lesson.exercises {
            if *page != exercise.page {
                page = &exercise.page;
                let of = lesson.pages.iter().find(|each| each.name == *page);
                let title = of.map_or("", |each| each.title.as_str());
                out.push_str(&format!("  {page} {title}\n"));
            }
            let state = progress.state(&exercise.id);
            all += 1;
            done += usize::from(state.passed);
            let standing = Standing::of(state, untouched(&course.root, exercise));
            let mark = match (style.plain, standing.word()) {
                (true, word) => format!("{word:<7}"),
                (false, "passed") => style.good("✓"),
                (false, "tried") => style.bad("·"),
                (false, _) => " ".to_owned(),
            };
            let stretch = if exercise.core { "" } else { words::STRETCH };
            let room = style.width.saturating_sub(TITLE_AT + stretch.len());
            out.push_str(&format!(
                "  {mark} {:<5} {:<16} {:>6}  {}{}\n",
                exercise.number,
                exercise.id,
                minutes(exercise.minutes),
                shorten(&exercise.title, room),
                style.dim(stretch),
            ));
        }
    }
    out.push_str(&format!("\n{done} of {all} exercises passed\n"));
    out
}
