//! Compiles and runs every stub, solution and mistake, in rounds: in each round every exercise gets
//! its next answer, all are compiled at once, and then run two at a time.

use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Mutex;

use super::Fault;
use crate::course::{Course, CourseError, Exercise, Mistake};
use crate::judge::build::{self, BuildError, Built, cargo};
use crate::judge::process::{self, Cancel, Ending};
use crate::judge::{self, rejects};
use crate::scratch::Scratch;
use crate::text::without_colours;
use crate::verdict::{Status, Verdict};

/// What an answer must do.
#[derive(Debug, Clone)]
enum Must {
    /// Fail, by an assertion or a `todo!`.
    Fail,
    /// Pass, this many times.
    Pass(usize),
    /// Be rejected as announced.
    BeRejected(Mistake),
}

struct Answer<'a> {
    exercise: &'a Exercise,
    file: PathBuf,
    must: Must,
}

/// How much was proven.
#[derive(Debug, Default, Clone, Copy)]
pub struct Counts {
    /// Answers compiled and judged.
    pub answers: usize,
    /// Of these, mistakes.
    pub mistakes: usize,
}

/// Proves all answers of these exercises; each solution must pass `times` times. `say` hears progress.
///
/// # Errors
/// What the system says when the copy cannot be made.
pub fn faults(
    course: &Course,
    exercises: &[&Exercise],
    times: usize,
    say: &mut dyn FnMut(&str),
) -> io::Result<(Vec<Fault>, Counts)> {
    let scratch = Scratch::refresh(course, "verify")?;
    let mut rounds: Vec<Vec<Answer<'_>>> = Vec::new();
    for &exercise in exercises {
        let mistakes = Mistake::all(&course.root, exercise).unwrap_or_default();
        let answers = [
            Answer {
                exercise,
                file: exercise.stub(),
                must: Must::Fail,
            },
            Answer {
                exercise,
                file: exercise.solution(),
                must: Must::Pass(times),
            },
        ]
        .into_iter()
        .chain(mistakes.into_iter().map(|mistake| Answer {
            exercise,
            file: mistake.file.clone(),
            must: Must::BeRejected(mistake),
        }));
        for (round, answer) in answers.enumerate() {
            if rounds.len() <= round {
                rounds.push(Vec::new());
            }
            rounds[round].push(answer);
        }
    }

    let mut faults = Vec::new();
    let mut counts = Counts::default();
    let all = rounds.len();
    for (round, number) in rounds.into_iter().zip(1..) {
        say(&format!("round {number} of {all}: {} answers", round.len()));
        counts.answers += round.len();
        counts.mistakes += round
            .iter()
            .filter(|answer| matches!(answer.must, Must::BeRejected(_)))
            .count();
        faults.extend(one_round(course, &scratch, round)?);
    }
    Ok((faults, counts))
}

fn one_round(course: &Course, scratch: &Scratch, round: Vec<Answer<'_>>) -> io::Result<Vec<Fault>> {
    let mut faults = Vec::new();
    for answer in &round {
        let text = match &answer.must {
            // A change that does not fit is named by `files`; the solution in its place is a fault here, too.
            Must::BeRejected(mistake) => mistake.text(&course.root, answer.exercise),
            _ => std::fs::read_to_string(course.path(&answer.file))
                .map_err(|e| CourseError::File(answer.file.clone(), e.to_string())),
        };
        scratch.put(answer.exercise, &text.unwrap_or_default())?;
    }
    let ids: Vec<&str> = round
        .iter()
        .map(|answer| answer.exercise.id.as_str())
        .collect();
    let built = match build::build(&scratch.place, &ids, &Cancel::default(), &mut |_| {}) {
        Ok(built) => built,
        Err(e) => {
            return Ok(vec![Fault::at(
                "Cargo.toml",
                format!("cargo cannot build the checks: {e}"),
            )]);
        }
    };
    // Mistakes may be as untidy as a learner's; stubs and solutions are read by learners.
    if round
        .iter()
        .any(|answer| !matches!(answer.must, Must::BeRejected(_)))
    {
        faults.extend(lint(scratch, &round, &ids));
        faults.extend(format(course, &round));
    }
    let waiting: Mutex<VecDeque<Answer<'_>>> = Mutex::new(round.into());
    let found = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let Ok(Some(answer)) = waiting.lock().map(|mut list| list.pop_front()) else {
                        return;
                    };
                    let fault = judge_one(scratch, &answer, &built);
                    if let Ok(mut found) = found.lock() {
                        found.extend(fault);
                    }
                }
            });
        }
    });
    faults.extend(found.into_inner().unwrap_or_default());
    Ok(faults)
}

fn judge_one(scratch: &Scratch, answer: &Answer<'_>, built: &Built) -> Option<Fault> {
    let times = if let Must::Pass(times) = answer.must {
        times
    } else {
        1
    };
    for time in 1..=times {
        let verdict = judge::judge(
            &scratch.place,
            answer.exercise,
            built,
            &Cancel::default(),
            &mut |_| {},
        );
        let what = match verdict {
            Ok(verdict) => fault(&answer.must, &verdict, time),
            Err(BuildError::Cancelled) => None,
            Err(BuildError::Cargo(why) | BuildError::Missing(why)) => Some(why),
        };
        if let Some(what) = what {
            return Some(Fault::at(&answer.file, what));
        }
    }
    None
}

/// What is wrong with an answer that was judged so.
fn fault(must: &Must, verdict: &Verdict, time: usize) -> Option<String> {
    if verdict.status == Status::CompileError {
        let text = without_colours(&verdict.message);
        let first = text.lines().next().unwrap_or_default();
        return Some(format!("it does not compile: {first}"));
    }
    let first = verdict.message.lines().next().unwrap_or_default();
    match must {
        Must::Fail if verdict.passed() => Some("the stub passes: there is nothing to do".into()),
        Must::Fail if verdict.status == Status::TimedOut => {
            Some("the stub hangs; it must fail by an assertion or a todo!".into())
        }
        Must::Fail => {
            let asserted = verdict
                .location
                .as_ref()
                .is_some_and(|at| at.contains("/check.rs:"));
            let todo = verdict.full.contains("not yet implemented");
            (!asserted && !todo)
                .then(|| format!("the stub must fail by an assertion or a todo!, not so: {first}"))
        }
        Must::Pass(_) if verdict.passed() => None,
        Must::Pass(times) => Some(format!(
            "the solution {} (run {time} of {times}, {}): {first}",
            verdict.status.word(),
            verdict.check.as_deref().unwrap_or("no test"),
        )),
        Must::BeRejected(_) if verdict.passed() => Some("the mistake passes".into()),
        Must::BeRejected(mistake) if !rejects(mistake, verdict) => Some(format!(
            "it must be rejected by `{}` with the words \"{}\"; it was {} by `{}`: {}",
            mistake.check,
            mistake.says,
            verdict.status.word(),
            verdict.check.as_deref().unwrap_or("no test"),
            verdict.message.lines().collect::<Vec<_>>().join(" / "),
        )),
        Must::BeRejected(_) => None,
    }
}

/// clippy over stubs or solutions, as strict as for the rest of the repository.
fn lint(scratch: &Scratch, round: &[Answer<'_>], ids: &[&str]) -> Vec<Fault> {
    let mut command = cargo(&scratch.place);
    command.args([
        "clippy",
        "--workspace",
        "--keep-going",
        "--message-format=short",
    ]);
    for id in ids {
        command.args(["--test", id]);
    }
    command.args(["--", "-D", "warnings"]);
    let finished = match process::run(&command, None, None, &Cancel::default(), &mut |_, _| {}) {
        Ok(finished) => finished,
        Err(e) => {
            return vec![Fault::at(
                "Cargo.toml",
                format!("cannot start cargo clippy: {e}"),
            )];
        }
    };
    if matches!(finished.ending, Ending::Exited(status) if status.success()) {
        return Vec::new();
    }
    let mut faults = Vec::new();
    for line in finished.err.lines().filter(|line| line.contains(": error")) {
        let owner = round.iter().find(|answer| {
            let dir = format!("{}/", answer.exercise.dir.display());
            line.replace('\\', "/").contains(&dir)
        });
        if let Some(answer) = owner {
            let what = line.split_once(": error").map_or(line, |(_, what)| what);
            faults.push(Fault::at(
                &answer.file,
                format!("clippy: {}", what.trim_start_matches(": ")),
            ));
        }
    }
    if faults.is_empty() {
        let last = finished
            .err
            .lines()
            .rev()
            .find(|line| !line.trim().is_empty());
        faults.push(Fault::at(
            "Cargo.toml",
            format!("clippy: {}", last.unwrap_or("failed")),
        ));
    }
    faults
}

/// rustfmt over the files themselves.
fn format(course: &Course, round: &[Answer<'_>]) -> Vec<Fault> {
    round
        .iter()
        .filter(|answer| {
            let checked = Command::new("rustfmt")
                .args(["--edition", "2024", "--check", "--quiet"])
                .arg(course.path(&answer.file))
                .current_dir(&course.root)
                .output();
            !checked.is_ok_and(|output| output.status.success())
        })
        .map(|answer| Fault::at(&answer.file, "rustfmt would change it"))
        .collect()
}
