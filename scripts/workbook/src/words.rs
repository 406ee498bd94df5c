//! The words that a learner sees in the terminal: one place, so that another language needs only
//! this file and its folder, `lesson.toml` and the checks.

/// Functions that fill a sentence: name, parts and sentence as one row of a table.
macro_rules! sentences {
    ($($(#[$doc:meta])* $name:ident($($part:ident: $kind:ty),*) = $text:literal $(, $value:expr)*;)+) => {$(
        $(#[$doc])*
        pub fn $name($($part: $kind),*) -> String {
            format!($text $(, $value)*)
        }
    )+};
}

pub mod book;
mod peer;
pub mod phone;
pub mod slides;
mod watch;
pub mod wire;

use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;

use crate::course::Exercise;
use crate::store::{Damage, Followed, Reset, Standing, Undo};
pub use peer::*;
pub use watch::*;

/// After three builds during which the file changed each time.
pub const KEEPS_CHANGING: &str =
    "exercise.rs keeps changing while it is compiled; save once and check again";
/// The verdict's mark and word, by status.
pub const PASSED: (&str, &str) = ("✓", "passed");
/// See [`PASSED`].
pub const FAILED: (&str, &str) = ("✗", "failed");
/// See [`PASSED`].
pub const COMPILE_ERROR: (&str, &str) = ("✗", "does not compile");
/// See [`PASSED`].
pub const TIMED_OUT: (&str, &str) = ("✗", "timed out");
/// The mark and the word of a text that is still the stub.
pub const NOT_STARTED: (&str, &str) = ("·", "not started");
/// Above what the check says of such a text.
pub const UNTOUCHED: &str =
    "This is the text that you begin with: change it and save. Its check says of it:";
/// Stands for the arrow in plain output.
pub const ADVICE: &str = "Advice:";
/// The program behind `services` does not compile.
pub const SERVICES_NOT_BUILT: &str = "The program for servers did not compile. Its errors are \
     above; it is built from scripts/services, lessons/08-consul and lessons/15-redis.";
/// Behind a lesson whose core exercises have passed.
pub const LESSON_PASSED: &str = "  passed";
/// Behind an exercise that is for the fast.
pub const STRETCH: &str = "  (stretch)";
/// A job that somebody ended.
pub const STOPPED: &str = "stopped";
/// Heading of what nothing works without.
pub const DOCTOR_NEEDED: &str = "To learn with this workbook";
/// Heading of what only makes it nicer.
pub const DOCTOR_COMFORT: &str = "For comfort (all works without)";
/// Heading of what only some lessons need.
pub const DOCTOR_LATER: &str = "For lesson 08 (Consul), from lesson 09 on (OpenSSL), for lesson 13 (etcd), for lessons 15 and 16 (Redis)";
/// Heading of what only `scripts/test` needs, and some of them `peer`.
pub const DOCTOR_TESTS: &str =
    "To run scripts/test (it installs these on Debian); Python, Go and redis-cli also for `peer`";
/// Mark of a thing that is there, in plain output.
pub const DOCTOR_OK: &str = "ok     ";
/// Mark of a thing that is missing, in plain output.
pub const DOCTOR_MISSING: &str = "missing";
/// The judge of the learner's own service does not compile.
pub const OWN_NOT_BUILT: &str = "The judge of your service did not compile. Its errors are above; it is built from scripts/own.";
/// `class` does not compile.
pub const CLASS_NOT_BUILT: &str =
    "the program for a class does not compile; the compiler's words stand above";
/// A second `own`.
pub const OWN_EXISTS: &str = "my-service/ exists already, and stays as it is";
/// `own check` before `own`.
pub const OWN_MISSING: &str =
    "there is no my-service/own.toml yet; `cargo workbook own` makes a service";
/// After each verdict of `own watch`.
pub const OWN_WATCHING: &str = "  Save a file of my-service/ to check again; Ctrl-C ends.";

sentences! {
    /// A test target that cargo does not know.
    no_test_target(exercise: &Exercise) =
        "cargo knows no test `{}`: lessons/{}/Cargo.toml needs\n\n[[test]]\nname = \"{}\"\npath = \
         \"exercises/{}/check.rs\"\ntest = false\n",
        exercise.id, exercise.lesson, exercise.id, exercise.id;
    /// A lesson whose programs cannot be built here.
    lesson_needs(lesson: &str, name: &str, why: &str, mend: &str) =
        "Lesson {lesson} needs {name} to be built, and it is missing here: {why}.\n\
         To get it: {mend}";
    /// An `exercise.rs` could not be made.
    not_prepared(e: &std::io::Error) = "note: not every exercise.rs could be made from its stub.rs: {e}";
    /// The learner's file is not there.
    answer_is_missing(exercise: &Exercise) =
        "{} is missing; `cargo workbook reset {}` puts the stub back, `undo` a text you had reset",
        exercise.answer().display(),
        exercise.id;
    /// The verdict could not be written down.
    not_recorded(e: &std::io::Error) = "note: this is not in your record, .workbook/ cannot be written: {e}";
    /// In front of a hint.
    hint_head(number: usize, of: usize) = "Hint {number} of {of}:";
    /// After the last hint.
    no_more_hints(exercise: &Exercise) =
        "That was the last hint. `cargo workbook solution {} --reveal` shows an answer.",
        exercise.id;
    /// A reset or undo that failed.
    nothing_changed(exercise: &Exercise) = "{} was left as it is", exercise.answer().display();
    /// Where the book explains something that is missing.
    set_up_section(section: &str, anchor: &str) =
        "More: the page \"Set up\", section \"{section}\" (set-up.html#{anchor})";
}

/// Where an exercise stands, in words.
pub fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::NotStarted => NOT_STARTED.1,
        Standing::Tried => "not passed yet",
        Standing::Passed => PASSED.1,
        Standing::PassedBefore => "passed before",
    }
}

/// A check that was ended at its limit.
pub fn timed_out(test: Option<&str>, limit: Duration) -> String {
    let seconds = limit.as_secs();
    match test {
        Some(test) => format!(
            "The check did not finish: `{test}` was still running after {seconds} s\n\
             → Your code waits or loops for ever here. Look for a loop without an end, and for a \
             read or an accept that waits for something that never comes."
        ),
        None => format!(
            "The check did not finish within {seconds} s\n\
             → The tests themselves were done: something that your code started still runs."
        ),
    }
}

/// A check whose program ended in the middle.
pub fn ended_early(test: Option<&str>, status: ExitStatus, err: &str) -> String {
    let during = test.map_or(String::new(), |test| format!(" during `{test}`"));
    if err.contains("has overflowed its stack") {
        return format!(
            "The stack overflowed{during}\n\
             → A function calls itself without an end, or a very large array lives on the stack."
        );
    }
    if err.contains("memory allocation of") {
        return format!(
            "Your code asked for more memory than a check may use (1 GB){during}\n\
             → Look for a collection that grows in a loop, and for a length that you believed \
             without looking."
        );
    }
    if let Some(signal) = signal(status) {
        let name = match signal {
            4 => "SIGILL, an illegal instruction",
            6 => "SIGABRT, an abort",
            7 => "SIGBUS, a bad memory access",
            9 => "SIGKILL",
            11 => "SIGSEGV, a bad memory access",
            13 => "SIGPIPE, a write to a closed pipe",
            15 => "SIGTERM",
            _ => "a signal",
        };
        return format!(
            "The program was ended{during} by {name} (signal {signal})\n\
             → An abort ends the whole program, the check with it. Return an error instead."
        );
    }
    let code = status.code().unwrap_or(1);
    format!(
        "The whole program ended{during} with exit code {code}, before the check was done\n\
         → Something called `std::process::exit`. Return from the function instead: the program \
         belongs to the check."
    )
}

#[cfg(unix)]
fn signal(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
fn signal(_status: ExitStatus) -> Option<i32> {
    None
}

/// A summary that says ok, without the proof that all tests ran.
pub fn not_all_tests_ran(
    exercise: &Exercise,
    passed: usize,
    required: usize,
    missing: &[&str],
) -> String {
    let check = exercise.check();
    if required == 0 {
        return format!(
            "There is no test in {}\n→ Put the file back as it was.",
            check.display()
        );
    }
    format!(
        "The check is not whole: {passed} tests said ok, {required} are needed (missing: {})\n\
         → Put {} back as it was; the answer goes into exercise.rs only.",
        if missing.is_empty() {
            "none".to_owned()
        } else {
            missing.join(", ")
        },
        check.display()
    )
}

/// A test that failed and left no panic.
pub fn failed_without_panic(text: &str) -> String {
    let text = text.trim();
    if text.is_empty() {
        "The test failed and said nothing\n→ Press v for the full output.".to_owned()
    } else {
        text.to_owned()
    }
}

/// A panic outside the check: what it said, and where.
pub fn your_code_panicked(message: &str, file: &str, line: u32) -> String {
    if let Some(todo) = message.strip_prefix("not yet implemented") {
        return format!(
            "You have reached the part that is yours to write{}\n→ Replace the `todo!` in line {line} of {}.",
            if todo.is_empty() { "" } else { todo },
            file.rsplit('/').next().unwrap_or(file),
        );
    }
    format!(
        "Your code panicked\n  it said      {}\n\
         → A panic ends the thread it happens in. Handle this case, or return an error.",
        message
            .lines()
            .collect::<Vec<_>>()
            .join("\n               ")
    )
}

/// A text that has moved, because the course has changed.
pub fn followed(done: &Followed) -> String {
    match done {
        Followed::Again(answer) => format!(
            "note: {} was missing; the stub is there again. `cargo workbook undo ID` brings back a text that you had \
             reset",
            answer.display()
        ),
        Followed::Renewed(id) => {
            format!("note: `{id}` has a new stub; you had not written anything into the old one")
        }
        Followed::Moved(old, new) => format!(
            "note: the exercise has moved, and your text with it: {} is now {}",
            old.display(),
            new.display()
        ),
        Followed::Kept(old, place) => format!(
            "note: the course no longer has the exercise of {}; your text is kept in {}",
            old.display(),
            place.display()
        ),
    }
}

/// What a reset of an exercise of the course in `root` did.
pub fn reset(done: &Reset, exercise: &Exercise, root: &Path) -> String {
    let (answer, id) = (exercise.answer(), &exercise.id);
    let answer = answer.display();
    match done {
        Reset::Kept(file) => format!(
            "{answer} is the stub again. Your text is in {}; `cargo workbook undo {id}` brings it back.",
            file.strip_prefix(root).unwrap_or(file).display(),
        ),
        Reset::WasMissing => format!("{answer} was missing; the stub is there again."),
        Reset::AlreadyTheStub => format!("{answer} is the stub already; there is nothing to keep."),
    }
}

/// What an undo did.
pub fn undo(done: Undo, exercise: &Exercise) -> String {
    match done {
        Undo::BroughtBack => format!("Your text is back in {}.", exercise.answer().display()),
        Undo::NothingKept => format!("No reset of {} is waiting to be undone.", exercise.id),
    }
}

/// Lines of the record that were skipped.
pub fn damaged(damage: &[Damage]) -> String {
    let shown = damage.iter().take(3).map(|Damage { line, why }| {
        format!("note: .workbook/attempts.jsonl line {line} was skipped: {why}\n")
    });
    let mut text: String = shown.collect();
    if damage.len() > 3 {
        text.push_str(&format!("note: ... and {} lines more\n", damage.len() - 3));
    }
    text
}

/// The solution is not shown yet.
pub fn solution_is_closed(exercise: &Exercise, hints: usize) -> String {
    let next = if hints < exercise.hints.len() {
        format!(
            "`cargo workbook hint {}` gives the next of {} hints",
            exercise.id,
            exercise.hints.len()
        )
    } else {
        "you have seen all hints".to_owned()
    };
    format!(
        "{} has not passed yet: {next}.\nTo see the solution now: cargo workbook solution {} --reveal",
        exercise.id, exercise.id
    )
}

/// After a pass: the stages before it were judged as well.
pub fn own_earlier(last: usize) -> String {
    match last {
        1 => "  Stage 1 still passes.".to_owned(),
        last => format!("  Stages 1 to {last} still pass."),
    }
}

/// What was made, and what to do now.
pub fn own_made<'a>(files: impl Iterator<Item = &'a str>) -> String {
    let mut text = String::from("Your service is in my-service/:\n");
    for file in files {
        text.push_str(&format!("  {file}\n"));
    }
    text.push_str(
        "It is yours: nothing overwrites it, and git does not see it.\n\
         What the first stage wants stands on the page \"Your own service\" of the book. Then:\n  \
         cargo workbook own check 1\n",
    );
    text
}
