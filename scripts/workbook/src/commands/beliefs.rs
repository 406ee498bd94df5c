//! `beliefs`: what the record says about the beliefs that were met, and what is due for another look.

use std::process::ExitCode;

use anyhow::Result;

use super::{Command, course, switches};
use crate::beliefs::{Met, met};
use crate::store::{Store, now};
use crate::style::Style;
use crate::text::many;
use crate::words;

/// See the file.
pub const COMMAND: Command = Command {
    name: "beliefs",
    about: "the beliefs that your answers have shown, and what is due for another look",
    help: "\
Usage: cargo workbook beliefs [--json] [--plain]

  --json   one object a line: slug, words, lesson, exercises, times, first, last, again, overcome,
           due
  --plain  no colour, no marks: for a screen reader

A belief is due a day after you have overcome it, then after 3, 7, 21 and 60 days. The exercise that
is named then is another one with the same belief, where there is one. The page \"What I believed\"
of the book shows the same, with your predictions.

Example: cargo workbook beliefs
",
    run,
};

fn run(arguments: lexopt::Parser) -> Result<ExitCode> {
    let [json, plain] = switches(arguments, ["json", "plain"])?;
    let course = course()?;
    let (lines, damage) = Store::new(&course.root).lines();
    eprint!("{}", words::damaged(&damage));
    let now = now();
    let all = met(&course, &lines, now);
    if all.is_empty() && !json {
        println!("No answer of yours has shown a known belief yet.");
    }
    let style = Style::of_stdout(plain);
    for met in &all {
        if json {
            println!("{}", serde_json::to_string(met)?);
        } else {
            print!("{}", line(met, style));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn line(met: &Met, style: Style) -> String {
    let what = met.words.as_deref().unwrap_or(&met.slug);
    let state = match (met.overcome, met.again) {
        (false, false) => "still open",
        (false, true) => "it came back, and is open",
        (true, false) => "overcome",
        (true, true) => "overcome, after it came back",
    };
    let mut text = format!(
        "{}\n  {} in {}: {state}\n",
        style.bold(what),
        many(met.times, "time"),
        met.exercises.join(", ")
    );
    if let Some(due) = &met.due {
        text.push_str(&match due.variant {
            true => format!("  Due for another look: try the exercise {}.\n", due.exercise),
            false => format!(
                "  Due for another look: `cargo workbook reset {0}`, and do it again. `undo {0}` brings your text back.\n",
                due.exercise
            ),
        });
    }
    text
}
