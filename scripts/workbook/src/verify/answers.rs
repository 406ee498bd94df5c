//! Compiles and runs every stub, solution, accepted answer and mistake: one program an exercise, all compiled at once, and each answer
//! a process of its own, two at a time. An exercise with an answer that does not compile is compiled once more,
//! answer by answer.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, mpsc};

use super::{Fault, lint, programs};
use crate::course::{Course, Exercise, Mistake};
use crate::judge::build::{self, BuildError, Built};
use crate::judge::process::Cancel;
use crate::judge::{self, rejects};
use crate::scratch::{Overlay, Scratch};
use crate::text::without_colours;
use crate::verdict::{Status, Verdict, without_numbers};

/// What an answer must do.
#[derive(Debug, Clone)]
enum Must {
    /// Fail, by an assertion or a `todo!`.
    Fail,
    /// Pass, this many times: the solution, or a right answer in another style.
    Pass { times: usize, solution: bool },
    /// Be rejected as announced, with its own belief in the verdict.
    BeRejected(Mistake),
}

struct Answer<'a> {
    exercise: &'a Exercise,
    /// Its place in the program of the exercise.
    number: usize,
    file: PathBuf,
    text: String,
    must: Must,
}

/// What came out of judging.
#[derive(Default)]
struct Found {
    faults: Vec<Fault>,
    rejected: Vec<Rejected>,
}

/// A mistake that was rejected as announced.
struct Rejected {
    exercise: String,
    file: PathBuf,
    slug: String,
    /// What was said of it, without the numbers of the run.
    message: String,
}

impl Found {
    fn append(&mut self, mut other: Self) {
        self.faults.append(&mut other.faults);
        self.rejected.append(&mut other.rejected);
    }
}

/// How much was proven.
#[derive(Debug, Default, Clone, Copy)]
pub struct Counts {
    /// Answers compiled and judged.
    pub answers: usize,
    /// Of these, mistakes.
    pub mistakes: usize,
    /// Of these, right answers in another style.
    pub accepted: usize,
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
    let mut overlay = Overlay::new();
    let mut all = Vec::new();
    for exercise in exercises {
        let answers = answers_of(course, exercise, times);
        let texts: Vec<&str> = answers.iter().map(|answer| answer.text.as_str()).collect();
        let tidy = answers.iter().filter(|answer| answer.is_read()).count();
        programs::add(&mut overlay, course, exercise, &texts, tidy)?;
        all.push(answers);
    }
    let scratch = Scratch::refresh_with(course, "verify", &overlay)?;
    let counts = Counts {
        answers: all.iter().map(Vec::len).sum(),
        mistakes: (all.iter().flatten())
            .filter(|answer| !answer.is_read())
            .count(),
        accepted: (all.iter().flatten())
            .filter(|answer| {
                matches!(
                    answer.must,
                    Must::Pass {
                        solution: false,
                        ..
                    }
                )
            })
            .count(),
    };
    say(&format!(
        "compiling {} answers in {} programs",
        counts.answers,
        all.len()
    ));
    let ids: Vec<&str> = exercises.iter().map(|e| e.id.as_str()).collect();
    let built = match build(&scratch, &ids) {
        Ok(built) => built,
        Err(fault) => return Ok((vec![fault], counts)),
    };
    let read = || all.iter().flatten().filter(|answer| answer.is_read());
    say("clippy and rustfmt over stubs, solutions and accepted answers");
    let dirs: Vec<(PathBuf, PathBuf)> = read()
        .map(|a| (programs::dir(a.exercise, a.number), a.file.clone()))
        .collect();
    let mut faults = lint::clippy(&scratch.place, &ids, &dirs);
    faults.extend(lint::format(course, read().map(|a| a.file.as_path())));

    let (whole, broken): (Vec<_>, Vec<_>) = all
        .into_iter()
        .filter(|answers| !answers.is_empty())
        .partition(|answers| built.programs.contains_key(&answers[0].exercise.id));
    let whole = whole.into_iter().flatten().collect();
    let mut found = judge_all(&scratch, &built, whole, say);
    if !broken.is_empty() {
        found.append(one_by_one(&scratch, broken, say)?);
    }
    faults.append(&mut found.faults);
    faults.extend(twins(found.rejected));
    Ok((faults, counts))
}

/// The stub, the solution, the accepted answers and the mistakes of `exercise`. One that cannot be read, or a change that does not fit, is
/// left out: `files` names it.
fn answers_of<'a>(course: &Course, exercise: &'a Exercise, times: usize) -> Vec<Answer<'a>> {
    let read = |file: &Path| std::fs::read_to_string(course.path(file)).ok();
    let mistakes = Mistake::all(&course.root, exercise).unwrap_or_default();
    let (stub, solution) = (exercise.stub(), exercise.solution());
    let pass = |solution| Must::Pass { times, solution };
    let answers = [
        (read(&stub), stub, Must::Fail),
        (read(&solution), solution, pass(true)),
    ];
    let accepted = exercise.accepted(&course.root).into_iter();
    answers
        .into_iter()
        .chain(accepted.map(|file| (read(&file), file, pass(false))))
        .chain(mistakes.into_iter().map(|mistake| {
            let text = mistake.text(&course.root, exercise).ok();
            (text, mistake.file.clone(), Must::BeRejected(mistake))
        }))
        .filter_map(|(text, file, must)| Some((text?, file, must)))
        .enumerate()
        .map(|(number, (text, file, must))| Answer {
            exercise,
            number,
            file,
            text,
            must,
        })
        .collect()
}

impl Answer<'_> {
    /// Whether it is no mistake: these come first, and must be tidy.
    fn is_read(&self) -> bool {
        !matches!(self.must, Must::BeRejected(_))
    }
}

fn build(scratch: &Scratch, ids: &[&str]) -> Result<Built, Fault> {
    build::build(&scratch.place, ids, &Cancel::default(), &mut |_| {})
        .map_err(|e| Fault::at("Cargo.toml", format!("cargo cannot build the checks: {e}")))
}

/// Compiles the answers of these exercises in rounds: in each, every exercise gets its next answer.
fn one_by_one(
    scratch: &Scratch,
    broken: Vec<Vec<Answer<'_>>>,
    say: &mut dyn FnMut(&str),
) -> io::Result<Found> {
    let mut found = Found::default();
    let mut waiting: Vec<_> = broken.into_iter().map(Vec::into_iter).collect();
    loop {
        let round: Vec<Answer<'_>> = waiting.iter_mut().filter_map(Iterator::next).collect();
        if round.is_empty() {
            return Ok(found);
        }
        say(&format!("compiling {} answers alone", round.len()));
        for answer in &round {
            let text = programs::main_text([answer.number], usize::MAX);
            scratch.write(&programs::main_file(answer.exercise), &text)?;
        }
        let ids: Vec<&str> = round.iter().map(|a| a.exercise.id.as_str()).collect();
        match build(scratch, &ids) {
            Ok(built) => found.append(judge_all(scratch, &built, round, say)),
            Err(fault) => found.faults.push(fault),
        }
    }
}

/// Judges these answers, two at a time.
fn judge_all(
    scratch: &Scratch,
    built: &Built,
    answers: Vec<Answer<'_>>,
    say: &mut dyn FnMut(&str),
) -> Found {
    let all = answers.len();
    let waiting: Mutex<VecDeque<Answer<'_>>> = Mutex::new(answers.into());
    let mut found = Found::default();
    std::thread::scope(|scope| {
        let (judged, results) = mpsc::channel();
        for _ in 0..2 {
            let (judged, waiting) = (judged.clone(), &waiting);
            scope.spawn(move || {
                loop {
                    let Ok(Some(answer)) = waiting.lock().map(|mut list| list.pop_front()) else {
                        return;
                    };
                    // The receiver stays until both have ended.
                    let _ = judged.send(judge_one(scratch, &answer, built));
                }
            });
        }
        drop(judged);
        for (result, done) in results.into_iter().zip(1..) {
            match result {
                Ok(rejected) => found.rejected.extend(rejected),
                Err(fault) => found.faults.push(fault),
            }
            if done % 50 == 0 || done == all {
                say(&format!("{done} of {all} answers judged"));
            }
        }
    });
    found
}

fn judge_one(
    scratch: &Scratch,
    answer: &Answer<'_>,
    built: &Built,
) -> Result<Option<Rejected>, Fault> {
    let mut rejected = None;
    let times = match answer.must {
        Must::Pass { times, .. } => times,
        Must::Fail | Must::BeRejected(_) => 1,
    };
    let module = programs::module(answer.number);
    for time in 1..=times {
        let verdict = judge::judge(
            &scratch.place,
            answer.exercise,
            built,
            Some(&module),
            &Cancel::default(),
            &mut |_| {},
        );
        let what = match &verdict {
            Ok(verdict) => fault(&answer.must, verdict, time),
            Err(BuildError::Cancelled) => None,
            Err(BuildError::Cargo(why) | BuildError::Missing(why)) => Some(why.clone()),
        };
        if let Some(what) = what {
            return Err(Fault::at(&answer.file, what));
        }
        if let (Must::BeRejected(mistake), Ok(verdict)) = (&answer.must, verdict) {
            rejected = Some(Rejected {
                exercise: answer.exercise.id.clone(),
                file: answer.file.clone(),
                slug: mistake.belief.slug.clone(),
                message: without_numbers(&verdict.message),
            });
        }
    }
    Ok(rejected)
}

/// Mistakes of different beliefs that end in the same message: what was seen is not told, or one of them is none.
fn twins(mut rejected: Vec<Rejected>) -> Vec<Fault> {
    rejected.sort_by(|a, b| a.file.cmp(&b.file));
    let mut faults = Vec::new();
    for (at, one) in rejected.iter().enumerate() {
        let first = rejected[..at].iter().find(|other| {
            other.exercise == one.exercise && other.message == one.message && other.slug != one.slug
        });
        faults.extend(first.map(|first| {
            let name = first.file.file_name().unwrap_or_default().display();
            let what = format!(
                "its message is that of {name}: tell what was seen, so that a learner can tell them apart: {}",
                one.message
            );
            Fault::at(&one.file, what)
        }));
    }
    faults
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
        Must::Pass { .. } if verdict.passed() => None,
        Must::Pass { times, solution } => Some(format!(
            "{} {} (run {time} of {times}, {}): {first}",
            match solution {
                true => "the solution",
                false => "the accepted answer",
            },
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
        Must::BeRejected(mistake) if verdict.belief.as_ref() == Some(&mistake.belief.slug) => None,
        Must::BeRejected(mistake) => Some(format!(
            "a verdict names the belief `{}` and not its own, `{}`: the words of that mistake fit this \
             message as well; choose words that fit one of them only",
            verdict.belief.as_deref().unwrap_or("none"),
            mistake.belief.slug,
        )),
    }
}
