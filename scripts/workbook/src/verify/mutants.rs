//! Small wrong programs: each solution with one change, which the check must reject.
//!
//! The package `mutants` finds the changes. As with all answers, one program holds all mutants of an exercise, each in
//! a module of its own, and each is run as a process of its own by the judge of a learner's answer. One that does not
//! compile is left out, and the program is built again. One that passes is a hole in the check, or `equivalent.txt`
//! beside the solution says why it is none:
//!
//! ```text
//! echo: 1024 -> … in let mut buf = [0; 1024]; ## A buffer of any size will do.
//! ```
//!
//! The change stands as it is printed, `…` for any text in it; behind `##` is the reason.

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, mpsc};

use serde::Deserialize;

use super::{Fault, programs};
use crate::course::{Course, Exercise};
use crate::judge;
use crate::judge::build::{self, BuildError, Built, Place};
use crate::judge::process::{self, Cancel, Ending, Stream};
use crate::scratch::{Overlay, Scratch};
use crate::text::without_colours;

/// The list of mutants that are right as well, in the folder of an exercise.
const EQUIVALENT: &str = "equivalent.txt";
/// What stands between a change and its reason.
const REASON: &str = " ## ";
/// What stands for any text in a listed change.
const ANY: char = '…';
/// How often a listed mutant is run before it is believed to be rejected: a busy machine rejects many things.
const LISTED: usize = 3;
/// How often a program is built anew without what did not compile.
const ROUNDS: usize = 12;
/// How many mutants run at once. Most of them wait, for a timeout or a server, so there are more than cores.
const AT_ONCE: usize = 4;
/// A mutant may be as untidy as it likes, and may overflow before it is run.
const ALLOWED: &str =
    "#![allow(warnings, arithmetic_overflow, unconditional_panic, invalid_reference_casting)]\n";

/// What became of the mutants of one exercise.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// All of them.
    pub made: usize,
    /// What the compiler refuses.
    pub broken: usize,
    /// What the check rejects.
    pub killed: usize,
    /// Of these, those whose verdict names a belief.
    pub named: usize,
    /// What passes, with a reason in the list.
    pub equivalent: usize,
    /// What passes without one.
    pub survivors: usize,
}

impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} mutants: {} do not compile, {} killed, {} equivalent, {} survive",
            self.made, self.broken, self.killed, self.equivalent, self.survivors
        )
    }
}

/// A mutant that the check rejects with a belief: a learner who wrote it is told so, and should hold it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// File and line of the change.
    pub place: String,
    /// The change.
    pub change: String,
    /// The slug of the belief.
    pub belief: String,
    /// The message of the verdict, in one line.
    pub message: String,
}

/// What the check says of one mutant.
enum Outcome {
    Passed,
    Rejected {
        belief: Option<String>,
        message: String,
    },
}

/// A change, as the package `mutants` prints it.
#[derive(Debug, Clone, Deserialize)]
struct Mutation {
    file: PathBuf,
    function: String,
    line: usize,
    change: String,
    start: usize,
    end: usize,
    text: String,
    /// Where the function or constant stands that it is in.
    item: (usize, usize),
}

/// An answer in the program of an exercise: a text as it stands in the course, or changed.
struct Mutant {
    number: usize,
    /// The file that was changed, relative to the course.
    file: PathBuf,
    text: String,
    /// Line and name of the change; none for the text as it stands.
    change: Option<(usize, String)>,
}

/// The answers of one exercise that were run, each with what came of it, or the judge's words where there is no verdict.
type Results<'a> = Vec<(&'a Mutant, Result<Outcome, String>)>;

/// All answers in the program of one exercise, and the reasons that are known.
struct Task<'a> {
    exercise: &'a Exercise,
    mutants: Vec<Mutant>,
    reasons: Vec<String>,
    broken: BTreeSet<usize>,
}

/// Runs the mutants of these exercises. `say` hears progress; `done` hears what came out for each exercise, and which
/// of its mutants got a belief.
///
/// # Errors
/// What the system or the package `mutants` says when the changes cannot be found or the copy cannot be made.
pub fn faults(
    course: &Course,
    exercises: &[&Exercise],
    say: &mut dyn FnMut(&str),
    done: &mut dyn FnMut(&Exercise, Counts, &[Named]),
) -> io::Result<Vec<Fault>> {
    say("looking for changes");
    let mut found = find(course, exercises)?;
    let mut faults = Vec::new();
    for exercises in exercises.chunk_by(|a, b| a.lesson == b.lesson) {
        let mut overlay = Overlay::new();
        let mut tasks = Vec::new();
        for exercise in exercises {
            let task = task(course, exercise, &mut found, &mut faults)?;
            let texts: Vec<&str> = task.mutants.iter().map(|m| m.text.as_str()).collect();
            programs::add(&mut overlay, course, exercise, &texts, usize::MAX)?;
            overlay.insert(programs::main_file(exercise), task.main_text());
            tasks.push(task);
        }
        let all: usize = tasks.iter().map(|task| task.mutants.len()).sum();
        say(&format!(
            "{}: compiling {all} answers in {} programs",
            exercises[0].lesson,
            tasks.len()
        ));
        let scratch = Scratch::refresh_with(course, "verify", &overlay)?;
        let built = match compile(&scratch, &mut tasks, say)? {
            Ok(built) => built,
            Err(fault) => {
                faults.push(fault);
                continue;
            }
        };
        for task in &tasks {
            if !built.programs.contains_key(&task.exercise.id) {
                let why = "the mutants cannot be compiled, and no message names one of them";
                faults.push(Fault::at(&task.exercise.dir, why));
            }
        }
        tasks.retain(|task| built.programs.contains_key(&task.exercise.id));
        run(&tasks, &scratch, &built, say, &mut |task, results| {
            let (counts, named, found) = task.count(results);
            done(task.exercise, counts, &named);
            faults.extend(found);
        });
    }
    Ok(faults)
}

/// The files of an exercise that must pass, relative to the course: the solution and what is in `accepted/`.
fn right(course: &Course, exercise: &Exercise) -> Vec<PathBuf> {
    let mut files = exercise.accepted(&course.root);
    files.insert(0, exercise.solution());
    files
}

/// The changes of all files that must pass, by file.
fn find(course: &Course, exercises: &[&Exercise]) -> io::Result<BTreeMap<PathBuf, Vec<Mutation>>> {
    let mut command = build::cargo(&Place::home(&course.root));
    command.args(["run", "--quiet", "--package", "mutants", "--"]);
    for exercise in exercises {
        command.args(right(course, exercise));
    }
    let mut found: BTreeMap<PathBuf, Vec<Mutation>> = BTreeMap::new();
    let mut strange = None;
    let finished = process::run(
        &command,
        None,
        None,
        &Cancel::default(),
        &mut |from, line| {
            if from == Stream::Out {
                match serde_json::from_str::<Mutation>(line) {
                    Ok(mutation) => found
                        .entry(mutation.file.clone())
                        .or_default()
                        .push(mutation),
                    Err(e) => strange = Some(io::Error::other(format!("{e}: {line}"))),
                }
            }
        },
    )?;
    match (finished.ending, strange) {
        (Ending::Exited(status), None) if status.success() => Ok(found),
        (_, Some(strange)) => Err(strange),
        (_, None) => Err(io::Error::other(finished.err.trim_end().to_owned())),
    }
}

/// The answers of `exercise`, and the reasons in its list.
fn task<'a>(
    course: &Course,
    exercise: &'a Exercise,
    found: &mut BTreeMap<PathBuf, Vec<Mutation>>,
    faults: &mut Vec<Fault>,
) -> io::Result<Task<'a>> {
    let mut mutants: Vec<Mutant> = Vec::new();
    // A function or constant that the stub has as well is given: nothing in it can be got wrong.
    let stub = std::fs::read_to_string(course.path(&exercise.stub()))?;
    for file in right(course, exercise) {
        let text = std::fs::read_to_string(course.path(&file))?;
        let changes = found.remove(&file).unwrap_or_default();
        let mut add = |text: String, change| {
            mutants.push(Mutant {
                number: mutants.len(),
                file: file.clone(),
                text,
                change,
            });
        };
        add(text.clone(), None);
        for change in changes {
            let (Some(before), Some(after)) = (text.get(..change.start), text.get(change.end..))
            else {
                return Err(io::Error::other(format!("{change:?} is not in the text")));
            };
            let item = text.get(change.item.0..change.item.1);
            if item.is_some_and(|item| stub.contains(item)) {
                continue;
            }
            let name = match file == exercise.solution() {
                true => format!("{}: {}", change.function, change.change),
                false => format!(
                    "{}: {}: {}",
                    file.file_name().unwrap_or_default().display(),
                    change.function,
                    change.change
                ),
            };
            let text = format!("{before}{}{after}", change.text);
            add(text, Some((change.line, name)));
        }
    }
    let list = exercise.dir.join(EQUIVALENT);
    let text = std::fs::read_to_string(course.path(&list)).unwrap_or_default();
    let mut reasons = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        match line.split_once(REASON) {
            Some((change, reason)) if !reason.trim().is_empty() => reasons.push(change.to_owned()),
            _ => faults.push(Fault::at(
                &list,
                format!("a line is a change,{REASON}and a reason: {line}"),
            )),
        }
    }
    Ok(Task {
        exercise,
        mutants,
        reasons,
        broken: BTreeSet::new(),
    })
}

/// Builds the programs until each has only what compiles.
fn compile(
    scratch: &Scratch,
    tasks: &mut [Task<'_>],
    say: &mut dyn FnMut(&str),
) -> io::Result<Result<Built, Fault>> {
    let mut all = Built::default();
    let mut waiting: HashSet<String> = tasks.iter().map(|t| t.exercise.id.clone()).collect();
    for _ in 0..ROUNDS {
        let ids: Vec<&str> = waiting.iter().map(String::as_str).collect();
        let built = match build::build(&scratch.place, &ids, &Cancel::default(), &mut |_| {}) {
            Ok(built) => built,
            Err(e) => return Ok(Err(Fault::at("Cargo.toml", format!("{e}")))),
        };
        let mut again = HashSet::new();
        for task in tasks
            .iter_mut()
            .filter(|t| waiting.contains(&t.exercise.id))
        {
            let Some(errors) = built.errors.get(&task.exercise.id) else {
                continue;
            };
            let before = task.broken.len();
            task.broken.extend(named(&without_colours(errors)));
            if task.broken.len() > before {
                scratch.write(&programs::main_file(task.exercise), &task.main_text())?;
                again.insert(task.exercise.id.clone());
            }
        }
        all.programs.extend(built.programs);
        if again.is_empty() {
            break;
        }
        let broken: usize = tasks.iter().map(|task| task.broken.len()).sum();
        say(&format!("{broken} do not compile: building without them"));
        waiting = again;
    }
    Ok(Ok(all))
}

/// The numbers of the answers whose files these messages of the compiler name.
fn named(errors: &str) -> Vec<usize> {
    let places = errors
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("--> "));
    places
        .filter_map(|place| {
            let (_, after) = place.split_once("/answer_")?;
            after.split_once('/')?.0.parse().ok()
        })
        .collect()
}

/// Runs what compiles of all exercises of a lesson, so that they wait at the same time. `done` hears of each exercise
/// when its last mutant has ended.
fn run<'a>(
    tasks: &'a [Task<'_>],
    scratch: &Scratch,
    built: &Built,
    say: &mut dyn FnMut(&str),
    done: &mut dyn FnMut(&Task<'_>, Results<'a>),
) {
    let all = tasks.iter().enumerate().flat_map(|(at, task)| {
        let alive = |mutant: &&Mutant| !task.broken.contains(&mutant.number);
        task.mutants.iter().filter(alive).map(move |m| (at, m))
    });
    let all: VecDeque<(usize, &Mutant)> = all.collect();
    let (mut waits, count) = (vec![0; tasks.len()], all.len());
    all.iter().for_each(|(at, _)| waits[*at] += 1);
    let mut results: Vec<Results<'a>> = tasks.iter().map(|_| Vec::new()).collect();
    let queue = Mutex::new(all);
    std::thread::scope(|scope| {
        let (said, heard) = mpsc::channel();
        for _ in 0..AT_ONCE {
            let (said, queue) = (said.clone(), &queue);
            scope.spawn(move || {
                while let Ok(Some((at, mutant))) = queue.lock().map(|mut list| list.pop_front()) {
                    // The receiver stays until all have ended.
                    let _ = said.send((at, mutant, tasks[at].outcome(mutant, scratch, built)));
                }
            });
        }
        drop(said);
        for ((at, mutant, outcome), ended) in heard.into_iter().zip(1..) {
            results[at].push((mutant, outcome));
            if ended % 20 == 0 || ended == count {
                say(&format!("{ended} of {count} mutants have been run"));
            }
            if results[at].len() == waits[at] {
                done(&tasks[at], std::mem::take(&mut results[at]));
            }
        }
    });
}

impl Task<'_> {
    /// The file with all answers that compile, as far as is known.
    fn main_text(&self) -> String {
        let numbers = (0..self.mutants.len()).filter(|number| !self.broken.contains(number));
        format!("{ALLOWED}{}", programs::main_text(numbers, usize::MAX))
    }

    /// Whether the list has this change, and which line of it.
    fn listed(&self, change: &str) -> Option<usize> {
        self.reasons.iter().position(|listed| fits(listed, change))
    }

    /// What came out, how many got a belief, and what is wrong.
    fn count(&self, mut results: Results<'_>) -> (Counts, Vec<Named>, Vec<Fault>) {
        let mut counts = Counts {
            made: self.mutants.iter().filter(|m| m.change.is_some()).count(),
            broken: self.broken.len(),
            ..Counts::default()
        };
        let (mut named, mut faults) = (Vec::new(), Vec::new());
        let mut used = HashSet::new();
        results.sort_by_key(|(mutant, _)| mutant.number);
        for (mutant, outcome) in results {
            let line = mutant.change.as_ref().map(|(line, _)| format!(":{line}"));
            let place = format!("{}{}", mutant.file.display(), line.unwrap_or_default());
            match (outcome, &mutant.change) {
                (Err(why), _) => faults.push(Fault::at(place, why)),
                (Ok(Outcome::Passed), None) => {}
                (Ok(Outcome::Rejected { .. }), None) => {
                    faults.push(Fault::at(place, "it does not pass as it is"));
                }
                (Ok(Outcome::Rejected { belief, message }), Some((_, change))) => {
                    counts.killed += 1;
                    named.extend(belief.map(|belief| Named {
                        place,
                        change: change.clone(),
                        belief,
                        message,
                    }));
                }
                (Ok(Outcome::Passed), Some((_, change))) => match self.listed(change) {
                    Some(line) => {
                        used.insert(line);
                        counts.equivalent += 1;
                    }
                    None => {
                        counts.survivors += 1;
                        faults.push(Fault::at(place, format!("the check passes {change}")));
                    }
                },
            }
        }
        for (line, change) in self.reasons.iter().enumerate() {
            if !used.contains(&line) {
                let list = self.exercise.dir.join(EQUIVALENT);
                let what = format!("no mutant that passes is `{change}`: take the line out");
                faults.push(Fault::at(list, what));
            }
        }
        faults.sort();
        counts.named = named.len();
        (counts, named, faults)
    }

    /// What the check says of this answer; the judge's words where there is no verdict.
    fn outcome(
        &self,
        mutant: &Mutant,
        scratch: &Scratch,
        built: &Built,
    ) -> Result<Outcome, String> {
        let is_listed = |(_, change): &(usize, String)| self.listed(change).is_some();
        let times = match mutant.change.as_ref().is_none_or(is_listed) {
            true => LISTED,
            false => 1,
        };
        let mut rejected = None;
        for _ in 0..times {
            let verdict = judge::judge(
                &scratch.place,
                self.exercise,
                built,
                Some(&programs::module(mutant.number)),
                &Cancel::default(),
                &mut |_| {},
            );
            match verdict {
                Ok(verdict) if verdict.passed() => return Ok(Outcome::Passed),
                Ok(verdict) => rejected = Some(verdict),
                Err(BuildError::Cancelled) => return Err("stopped".to_owned()),
                Err(BuildError::Cargo(why) | BuildError::Missing(why)) => return Err(why),
            }
        }
        let (belief, message) = rejected.map_or_else(Default::default, |verdict| {
            let words: Vec<&str> = verdict.message.split_whitespace().collect();
            (verdict.belief, words.join(" "))
        });
        Ok(Outcome::Rejected { belief, message })
    }
}

/// Whether `change` is the listed one, where `…` stands for any text.
fn fits(listed: &str, change: &str) -> bool {
    let mut parts = listed.split(ANY);
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = change.strip_prefix(first) else {
        return false;
    };
    let mut last = None;
    for part in parts {
        if let Some(before) = last.replace(part) {
            let Some((_, after)) = rest.split_once(before) else {
                return false;
            };
            rest = after;
        }
    }
    last.map_or(rest.is_empty(), |last| rest.ends_with(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listed_change_may_leave_out_any_text() {
        assert!(fits("f: 1 -> 2", "f: 1 -> 2"));
        assert!(!fits("f: 1 -> 2", "f: 1 -> 2 (2)"));
        assert!(fits("f: 1 -> …", "f: 1 -> 2 (2)"));
        assert!(fits("f: 1 -> … in let …;", "f: 1 -> 3 in let a = 1;"));
        assert!(!fits("f: 1 -> … in let …;", "f: 1 -> 3 in a = 1;"));
        assert!(!fits("f: 1 -> …", "g: 1 -> 2"));
    }

    #[test]
    fn the_compiler_names_the_answers_that_it_refuses() {
        let errors = "error[E0308]: mismatched types\n  --> lessons/00/exercises/a/answer_12/exercise.rs:4:5\n   |\n\
                      error: x\n --> lessons/00/exercises/a/answer_3/exercise.rs:4:5\n  ::: src/lib.rs:1:1\n";
        assert_eq!(named(errors), [12, 3]);
    }
}
