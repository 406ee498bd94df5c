//! `check`: judges answers and exits 0 only if all pass.

use std::fs::File;
use std::io::{IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use lexopt::prelude::*;
use serde::Serialize;

use super::{Command, course, exit, text};
use crate::course::{Course, Exercise, Mistake};
use crate::judge::build::Place;
use crate::judge::process::Cancel;
use crate::judge::{self, Progress};
use crate::render;
use crate::scratch::Scratch;
use crate::store::Store;
use crate::style::Style;
use crate::text::without_colours;
use crate::verdict::Verdict;

/// The command `check`.
pub const COMMAND: Command = Command {
    name: "check",
    about: "judge an exercise, a lesson or everything",
    help: "\
Usage: cargo workbook check [ID | LESSON | --all] [--answer solution] [--json] [--plain]
       cargo workbook check ID --answer-file FILE [--json]

  ID                 an exercise, by name (frames) or number (1.3)
  LESSON             all exercises of a lesson: 01-tcp, or 1
  --all              the whole course
  (nothing)          the first exercise that is still open
  --answer solution  judge the solution (or stub, or mistakes/NAME) instead of your answer, in a
                     copy; your files stay as they are
  --answer-file F    the same with the text of file F. It runs with your rights: read it first
  --json             one object a line: id, lesson, number, status, seconds, check, belief, message,
                     location, untouched, words (the belief in a sentence), hints_seen, hints
  --plain            no colour, no marks: for a screen reader

Exit code: 0 if all passed, 1 if not, 2 if something else went wrong.

Example: cargo workbook check frames
",
    run,
};

struct Options {
    json: bool,
    style: Style,
}

fn run(mut arguments: lexopt::Parser) -> Result<ExitCode> {
    let (mut name, mut all, mut answer, mut json, mut plain) = (None, false, None, false, false);
    let mut file = None;
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("all") => all = true,
            Long("answer") => answer = Some(text(arguments.value()?)?),
            Long("answer-file") => file = Some(PathBuf::from(arguments.value()?)),
            Long("json") => json = true,
            Long("plain") => plain = true,
            Value(value) if name.is_none() => name = Some(text(value)?),
            other => return Err(other.unexpected().into()),
        }
    }
    let other = match (answer, file) {
        (Some(_), Some(_)) => bail!("give --answer or --answer-file, not both"),
        (Some(answer), None) => Some(Other::Kept(answer)),
        (None, Some(file)) => Some(Other::Text(read_answer(&file)?)),
        (None, None) => None,
    };
    let course = course()?;
    let store = Store::new(&course.root);
    let chosen: Vec<&Exercise> = match (&name, all) {
        (Some(_), true) => bail!("give a name or --all, not both"),
        (Some(name), false) => course.select(name)?,
        (None, true) => course.exercises().collect(),
        (None, false) => {
            let (progress, _) = store.progress();
            match progress.next_open(&course, None) {
                Some(exercise) => vec![exercise],
                None => {
                    println!("Every exercise has passed. `--all` checks them again.");
                    return Ok(ExitCode::SUCCESS);
                }
            }
        }
    };
    let options = Options {
        json,
        style: Style::of_stdout(plain),
    };
    let mut good = true;
    if matches!(other, Some(Other::Text(_))) && chosen.len() != 1 {
        bail!("--answer-file is the answer to one exercise");
    }
    let scratch = match &other {
        Some(_) => Some(Scratch::refresh(&course, "answers").context("cannot make the copy")?),
        None => None,
    };
    for exercise in chosen {
        let verdict = match (&scratch, &other) {
            (Some(scratch), Some(other)) => judge_other(&course, scratch, exercise, other)?,
            _ => judge_own(&course, &store, exercise)?.own(&course.root, exercise),
        };
        good &= verdict.passed();
        show(&course, &store, exercise, &verdict, &options)?;
    }
    Ok(exit(good))
}

/// Judges the learner's own answer and records it.
fn judge_own(course: &Course, store: &Store, exercise: &Exercise) -> Result<Verdict> {
    if !course.path(&exercise.answer()).exists() {
        bail!("{}", crate::words::answer_is_missing(exercise));
    }
    let mut waiting = Waiting::new(&exercise.id);
    let verdict = judge::check(
        &Place::home(&course.root),
        exercise,
        &Cancel::default(),
        &mut |p| waiting.heard(&p),
    )?;
    drop(waiting);
    if let Err(e) = store.attempt(&course.root, exercise, &verdict) {
        eprintln!("{}", crate::words::not_recorded(&e));
    }
    Ok(verdict)
}

/// An answer that is not the learner's own.
enum Other {
    /// One of the course: `solution`, `stub` or `mistakes/NAME`.
    Kept(String),
    /// The text of a file.
    Text(String),
}

/// The largest file that is judged as an answer, in bytes.
const ANSWER: u64 = 1024 * 1024;

fn read_answer(file: &Path) -> Result<String> {
    let named = || format!("cannot read {}", file.display());
    let mut text = String::new();
    let mut limited = File::open(file).with_context(named)?.take(ANSWER + 1);
    limited.read_to_string(&mut text).with_context(named)?;
    if text.len() as u64 > ANSWER {
        bail!("{} is larger than {ANSWER} bytes", file.display());
    }
    Ok(text)
}

/// Judges another answer in the copy.
fn judge_other(
    course: &Course,
    scratch: &Scratch,
    exercise: &Exercise,
    other: &Other,
) -> Result<Verdict> {
    let read = |file: PathBuf| {
        std::fs::read_to_string(course.path(&file))
            .with_context(|| format!("cannot read {}", file.display()))
    };
    let text = match other {
        Other::Text(text) => text.clone(),
        Other::Kept(name) if name == "solution" => read(exercise.solution())?,
        Other::Kept(name) if name == "stub" => read(exercise.stub())?,
        Other::Kept(path) if path.starts_with("mistakes/") && !path.contains("..") => {
            let file = exercise.dir.join(path).with_extension("diff");
            Mistake::read(&course.root, file)?.text(&course.root, exercise)?
        }
        Other::Kept(_) => bail!("--answer takes solution, stub or mistakes/NAME"),
    };
    scratch.put(exercise, &text)?;
    let mut waiting = Waiting::new(&exercise.id);
    Ok(judge::check(
        &scratch.place,
        exercise,
        &Cancel::default(),
        &mut |p| waiting.heard(&p),
    )?)
}

/// What `--json` prints: the verdict, and what a tutor needs beside it.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    verdict: &'a Verdict,
    /// The belief as a sentence, where it is a known one.
    words: Option<String>,
    /// How many hints the learner has seen; the next one is one more.
    hints_seen: usize,
    /// How many there are.
    hints: usize,
}

fn show(
    course: &Course,
    store: &Store,
    exercise: &Exercise,
    verdict: &Verdict,
    options: &Options,
) -> Result<()> {
    if !options.json {
        print!("{}", render::verdict(verdict, options.style, None));
        return Ok(());
    }
    let mut plain = verdict.clone();
    plain.message = without_colours(&plain.message);
    let line = Line {
        words: (plain.belief.as_ref()).and_then(|slug| exercise.belief_words(&course.root, slug)),
        hints_seen: store.progress().0.state(&exercise.id).hints,
        hints: exercise.hints.len(),
        verdict: &plain,
    };
    println!("{}", serde_json::to_string(&line)?);
    Ok(())
}

/// Says what is going on when it takes longer than two seconds: one line on standard error, written
/// over on a terminal, and gone when the verdict comes.
struct Waiting {
    id: String,
    since: Instant,
    shown: bool,
}

impl Waiting {
    fn new(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            since: Instant::now(),
            shown: false,
        }
    }

    fn heard(&mut self, progress: &Progress<'_>) {
        let Progress::Building(line) = progress else {
            return;
        };
        let line = without_colours(line);
        let line = line.trim();
        let busy = [
            "Compiling",
            "Downloading",
            "Downloaded",
            "Blocking",
            "Updating",
        ];
        let late = self.since.elapsed() > Duration::from_secs(2) || line.starts_with("Blocking");
        if !late || !busy.iter().any(|word| line.starts_with(word)) {
            return;
        }
        let mut err = std::io::stderr().lock();
        // Nothing is lost if the terminal is gone.
        let _ = if err.is_terminal() {
            write!(err, "\r\u{1b}[K  {}: {line}", self.id).and_then(|()| err.flush())
        } else {
            writeln!(err, "  {}: {line}", self.id)
        };
        self.shown = true;
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if self.shown && std::io::stderr().is_terminal() {
            eprint!("\r\u{1b}[K");
        }
    }
}
