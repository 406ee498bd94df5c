//! The judge: compiles a check with the answer in its place, runs it within limits, and says what
//! happened.
//!
//! Layout: `build` compiles with cargo, `fresh` sees to it that cargo notices every new text,
//! `process` runs a command to its end, `supervise` ends everything that the command started,
//! `capture` bounds its output, `parse` reads libtest's words, and this file turns all of it into a
//! [`Verdict`]. `scratch` (beside this module) makes the copy in which other answers than the
//! learner's are judged.

pub(crate) mod build;
mod capture;
mod fresh;
pub(crate) mod parse;
pub(crate) mod process;
pub mod supervise;

use std::path::Path;
use std::process::Command;

use crate::course::{Exercise, Mistake, TIMED_OUT, test_names};
use crate::digest;
use crate::needs;
use crate::verdict::{Status, Verdict};
use crate::words;
pub use build::without_outer_cargo;
use build::{BuildError, Built, Note, Place, Program};
use parse::{Panic, Report};
use process::{Cancel, Ending, Finished};

/// Bytes of data that each process of a check may hold: enough for 500 threads, too little to take
/// a laptop down with it.
const MEMORY: u64 = 1024 * 1024 * 1024;

/// Messages of the compiler that are shown.
const NOTES: usize = 50;

/// What is heard while a check is on its way.
#[derive(Debug)]
pub enum Progress<'a> {
    /// A line that cargo or the compiler printed.
    Building(&'a str),
    /// The build is done and the check runs.
    Running,
    /// A line that the check printed.
    Output(&'a str),
}

/// Judges the answer that lies in `exercise.rs` at `place`.
///
/// # Errors
/// [`BuildError`] where cargo could say nothing about the answer.
pub fn check(
    place: &Place,
    exercise: &Exercise,
    cancel: &Cancel,
    heard: &mut dyn FnMut(Progress<'_>),
) -> Result<Verdict, BuildError> {
    needs::met(&exercise.needs, &exercise.lesson).map_err(BuildError::Missing)?;
    let answer = place.root.join(exercise.answer());
    // The text that is kept after a pass must be the text that was compiled: if it changes while
    // cargo reads it, it is compiled again.
    let record = fresh::Built::of(place, &exercise.id);
    for _ in 0..3 {
        let text = std::fs::read(&answer).unwrap_or_default();
        let before = digest::sha256(&text);
        record.look(&answer, &before);
        let built = build::build(place, &[&exercise.id], cancel, &mut |line| {
            heard(Progress::Building(line))
        })?;
        if std::fs::read(&answer).unwrap_or_default() != text {
            continue;
        }
        record.remember(&before);
        let mut verdict = judge(place, exercise, &built, None, cancel, heard)?;
        verdict.answer = text;
        return Ok(verdict);
    }
    Err(BuildError::Cargo(words::KEEPS_CHANGING.to_owned()))
}

/// Compiles the answer that lies in `exercise.rs` and gives the hash of its text with what the compiler says of it,
/// errors first. The check is not run; what is compiled here is compiled for the next check.
///
/// # Errors
/// [`BuildError`] where cargo could say nothing about the answer.
pub fn notes(
    place: &Place,
    exercise: &Exercise,
    cancel: &Cancel,
) -> Result<(String, Vec<Note>), BuildError> {
    needs::met(&exercise.needs, &exercise.lesson).map_err(BuildError::Missing)?;
    let answer = place.root.join(exercise.answer());
    let record = fresh::Built::of(place, &exercise.id);
    let hash = || digest::sha256(&std::fs::read(&answer).unwrap_or_default());
    let before = hash();
    record.look(&answer, &before);
    let built = build::build(place, &[&exercise.id], cancel, &mut |_| {})?;
    if hash() != before {
        return Err(BuildError::Cancelled);
    }
    record.remember(&before);
    let mut notes: Vec<Note> = (built.notes.into_iter())
        .filter_map(|note| {
            if Path::new(&note.file).ends_with(exercise.answer()) {
                return Some(note);
            }
            // The check or given code does not fit the answer: its place is not in this file.
            let named = format!("{}:{}: {}", note.file, note.line, note.text);
            (note.level == "error").then_some(Note {
                text: named,
                line: 1,
                column: 1,
                end_line: 1,
                end_column: 1,
                ..note
            })
        })
        .collect();
    notes.sort_by_key(|note| (note.level != "error", note.line));
    notes.truncate(NOTES);
    Ok((before, notes))
}

/// Judges `exercise` with what `built` holds for it: its whole program, or the tests in one `module` of it.
///
/// # Errors
/// [`BuildError`] where there is neither a program nor an error of the compiler.
pub fn judge(
    place: &Place,
    exercise: &Exercise,
    built: &Built,
    module: Option<&str>,
    cancel: &Cancel,
    heard: &mut dyn FnMut(Progress<'_>),
) -> Result<Verdict, BuildError> {
    if let Some(errors) = built.errors.get(&exercise.id) {
        let mut verdict = Verdict::new(exercise, Status::CompileError);
        verdict.message = errors.trim_end().to_owned();
        verdict.full = built.full.clone();
        return Ok(verdict);
    }
    let Some(program) = built.programs.get(&exercise.id) else {
        return Err(BuildError::Cargo(words::no_test_target(exercise)));
    };
    heard(Progress::Running);
    let mut verdict = run(place, exercise, program, module, cancel, heard)?;
    verdict.full = format!("{}{}", built.full, verdict.full);
    Ok(verdict)
}

/// Runs the compiled check of `exercise`, or one `module` of it, and reads the result.
///
/// # Errors
/// [`BuildError`] where the program cannot be started, or somebody asked to stop.
pub fn run(
    place: &Place,
    exercise: &Exercise,
    program: &Program,
    module: Option<&str>,
    cancel: &Cancel,
    heard: &mut dyn FnMut(Progress<'_>),
) -> Result<Verdict, BuildError> {
    let required = std::fs::read_to_string(place.root.join(exercise.check()))
        .map(|text| test_names(&text))
        .unwrap_or_default();
    let mut run = |tests: &[&str]| run_tests(exercise, program, module, tests, cancel, heard);
    let finished = run(&[])?;
    let mut verdict = read(exercise, &required, &finished);
    let earlier = before_the_hanging_one(&verdict, &required, &finished);
    if !earlier.is_empty() {
        // The harness runs tests by their names, and has lost the words of those that failed: one that stands
        // before the one that hangs may say more.
        let again = read(exercise, &required, &run(&earlier)?);
        if again.status == Status::Failed
            && required
                .iter()
                .any(|name| again.check.as_ref() == Some(name))
        {
            verdict = again;
        }
    }
    let mistakes = Mistake::all(&place.root, exercise).unwrap_or_default();
    verdict.belief = belief(&verdict, &mistakes);
    Ok(verdict)
}

/// Runs the compiled check: these tests of it, or all.
fn run_tests(
    exercise: &Exercise,
    program: &Program,
    module: Option<&str>,
    tests: &[&str],
    cancel: &Cancel,
    heard: &mut dyn FnMut(Progress<'_>),
) -> Result<Finished, BuildError> {
    let prefix = module.map_or(String::new(), |module| format!("{module}::"));
    let mut command = Command::new(&program.file);
    command
        .current_dir(&program.dir)
        .env("CARGO_MANIFEST_DIR", &program.dir)
        .env("RUST_BACKTRACE", "0")
        .env_remove("RUST_TEST_THREADS")
        .env_remove("RUST_TEST_NOCAPTURE")
        // One test after the other, so that the one that hangs is known by its name.
        .args(["--test-threads=1", "--color=never"]);
    if tests.is_empty() {
        command.args(module.map(|_| &prefix));
    } else {
        command.arg("--exact");
        command.args(tests.iter().map(|test| format!("{prefix}{test}")));
    }
    let mut finished = process::run(
        &command,
        Some(MEMORY),
        Some(exercise.limit),
        cancel,
        &mut |_, line| heard(Progress::Output(line)),
    )
    .map_err(|e| BuildError::Cargo(format!("cannot start {}: {e}", program.file.display())))?;
    if matches!(finished.ending, Ending::Cancelled) {
        return Err(BuildError::Cancelled);
    }
    if let Some(module) = module {
        // The words of a verdict do not depend on where the check was compiled.
        for text in [&mut finished.out, &mut finished.err] {
            *text = text
                .replace(&prefix, "")
                .replace(&format!("/{module}/"), "/");
        }
    }
    Ok(finished)
}

/// After a run that was ended at the limit: the tests that stand before the one that hung and did not say ok.
fn before_the_hanging_one<'a>(
    verdict: &Verdict,
    required: &'a [String],
    finished: &Finished,
) -> Vec<&'a str> {
    let hung = (verdict.check.as_ref()).filter(|_| verdict.status == Status::TimedOut);
    let before = required.iter().take_while(|name| Some(*name) != hung);
    let report = Report::parse(&finished.out);
    match hung {
        Some(_) => before
            .filter(|name| !report.ok(name))
            .map(String::as_str)
            .collect(),
        None => Vec::new(),
    }
}

/// Turns the end of a run into a verdict.
fn read(exercise: &Exercise, required: &[String], finished: &Finished) -> Verdict {
    let report = Report::parse(&finished.out);
    let mut verdict = Verdict::new(exercise, Status::Failed);
    verdict.seconds = finished.took.as_secs_f64();
    verdict.full = format!("{}\n{}", finished.out, finished.err);

    let status = match finished.ending {
        Ending::Exited(status) => status,
        Ending::LimitReached | Ending::Cancelled => {
            verdict.status = Status::TimedOut;
            verdict.message = words::timed_out(report.running.as_deref(), exercise.limit);
            verdict.check = report.running;
            return verdict;
        }
    };
    if let Some((test, text)) = report.first_failure(required)
        && report.summary.is_some()
    {
        verdict.check = Some(test.to_owned());
        explain(&mut verdict, test, text);
        return verdict;
    }
    let Some((passed, 0)) = report.summary else {
        // The program ended in the middle: there is no summary to believe.
        verdict.message = words::ended_early(report.running.as_deref(), status, &finished.err);
        if let Some(panic) = parse::panics(&finished.err).pop() {
            verdict.location = Some(format!("{}:{}", panic.file, panic.line));
        }
        verdict.check = report.running;
        return verdict;
    };
    let missing: Vec<&str> = required
        .iter()
        .filter(|name| !report.ok(name))
        .map(String::as_str)
        .collect();
    if !status.success() || required.is_empty() || !missing.is_empty() || passed < required.len() {
        verdict.message = words::not_all_tests_ran(exercise, passed, required.len(), &missing);
        return verdict;
    }
    verdict.status = Status::Passed;
    verdict
}

/// Finds the panic that tells most: that of the test itself, else the first one.
fn explain(verdict: &mut Verdict, test: &str, text: &str) {
    let panics = parse::panics(text);
    let own = |panic: &&Panic| panic.thread == test || panic.thread == "main";
    let Some(panic) = panics.iter().find(own).or(panics.first()) else {
        verdict.message = words::failed_without_panic(text);
        return;
    };
    verdict.location = Some(format!("{}:{}", panic.file, panic.line));
    verdict.message = if panic.file.ends_with("/check.rs") {
        panic.message.clone()
    } else {
        words::your_code_panicked(&panic.message, &panic.file, panic.line)
    };
}

/// The belief that a failure shows: that of the first known mistake with the same test and words. A mistake that is
/// not known shows none: its author may hold another belief than the exercise is about.
fn belief(verdict: &Verdict, mistakes: &[Mistake]) -> Option<String> {
    let known = mistakes.iter().find(|mistake| rejects(mistake, verdict))?;
    Some(known.belief.slug.clone())
}

/// Whether `verdict` is the rejection that `mistake` announces.
pub fn rejects(mistake: &Mistake, verdict: &Verdict) -> bool {
    let by = match verdict.status {
        Status::TimedOut => mistake.check == TIMED_OUT,
        Status::Failed => verdict.check.as_deref() == Some(mistake.check.as_str()),
        Status::Passed | Status::CompileError => false,
    };
    // The advice is wrapped to a width; the words are compared without the line breaks.
    by && one_line(&verdict.message).contains(&one_line(&mistake.says))
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
