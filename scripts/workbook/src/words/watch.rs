//! The words of watch mode.

use crate::course::Exercise;
use crate::text::many;

/// The last line in watch mode while nothing has passed yet; `?` tells the rest.
pub const WATCH_OPEN: &str = "h hint   l list   v full output   ? keys   q quit";
/// The last line in watch mode after a pass.
pub const WATCH_PASSED: &str = "n next   l list   ? keys   q quit";
/// The last line in watch mode after a reset.
pub const WATCH_UNDO: &str = "u undo the reset   h hint   l list   ? keys   q quit";
/// The last line in watch mode while it waits for the second x.
pub const WATCH_CONFIRM: &str = "x again to reset   any other key leaves it";
/// Behind the progress of a check.
pub const WATCH_BUSY: &str = "? keys   q quit";
/// The last line in watch mode when nothing is left to do.
pub const WATCH_ALL_PASSED: &str = "l list   c check all   ? keys   q quit";
/// All keys of watch mode.
pub const WATCH_KEYS: &[(&str, &str)] = &[
    ("n", "the next exercise that is still open"),
    ("h", "one hint more"),
    ("l", "the list of lessons and exercises"),
    ("c", "check every exercise that you have begun"),
    ("x", "put the stub back; your text is kept"),
    ("u", "after x: bring your text back"),
    ("v", "all that compiler and check have printed"),
    ("Enter", "check again"),
    ("q", "quit; Ctrl-C and Ctrl-D do the same"),
];
/// In front of the file to edit.
pub const WATCH_EDIT: &str = "edit";
/// Everything has passed.
pub const WATCH_ALL_DONE: &str = "Every exercise has passed.";
/// Between a pass and the solution's reasons.
pub const WATCH_WHY: &str = "Why one good answer is as it is:";
/// No event arrives when a file changes.
pub const WATCH_DEAF: &str = "note: this folder does not say when a file is saved, so the files are looked at ten times a \
     second. `cargo workbook watch --poll` does so from the start.";
/// Another key than x.
pub const WATCH_NOT_RESET: &str = "Not reset.";
/// `u` without a reset before it.
pub const WATCH_NOTHING_TO_UNDO: &str =
    "u undoes an x of this sitting. For an older one: cargo workbook undo ID";
/// `v` before anything was printed.
pub const WATCH_NO_OUTPUT: &str = "Nothing has been printed yet.";
/// After a message that was cut.
pub const WATCH_CUT: &str = "... cut short: v shows all of it.";
/// Behind a verdict that the browser asked for.
pub const WATCH_ELSEWHERE: &str = "(checked in the browser)";
/// Nothing to check: every answer is still the stub.
pub const WATCH_NOTHING_BEGUN: &str = "No exercise has been begun: every exercise.rs is the stub.";
/// A check of everything that was left for something else.
pub const WATCH_ALL_STOPPED: &str = "The check of all was stopped.";

sentences! {
    /// The name of an exercise, on top of the screen.
    watch_title(exercise: &Exercise) = "{} {}   {}", exercise.number, exercise.id, exercise.title;
    /// How often it was checked since it is watched.
    watch_count(checks: usize) = "   check {checks}";
    /// A save of another exercise.
    watch_switched(exercise: &Exercise) = "You saved {}: watching it now.", exercise.id;
    /// There is no other open exercise to go to.
    watch_last_open(exercise: &Exercise) = "{} is the only exercise that is still open.", exercise.id;
    /// The first x.
    watch_confirm(exercise: &Exercise) =
        "Put the stub of {} back? Your text is kept in .workbook/.",
        exercise.id;
    /// The beginning of a check of everything.
    watch_all_begins(exercises: usize) = "Checking {}:", many(exercises, "exercise");
    /// The progress of a check that runs.
    watch_running(seconds: u64) = "running ... {seconds} s";
    /// The progress of a check that waits until another one is done.
    watch_waiting(seconds: u64) = "waiting for another check ... {seconds} s";
}

/// After a long compile error.
pub fn watch_more_errors(left: usize) -> String {
    match left {
        1 => {
            "... and 1 error more: v shows it. Mend the first, others often go with it.".to_owned()
        }
        _ => format!(
            "... and {left} errors more: v shows them. Mend the first, others often go with it."
        ),
    }
}

/// The progress of a check: what it does, for how long, and cargo's last word.
pub fn watch_compiling(seconds: u64, line: &str) -> String {
    if line.is_empty() {
        format!("compiling ... {seconds} s")
    } else {
        format!("compiling ... {seconds} s: {line}")
    }
}

/// The end of a check of everything.
pub fn watch_all_ends(passed: usize, checked: usize, untouched: usize) -> String {
    let rest = match untouched {
        0 => String::new(),
        n => format!("; {n} not begun"),
    };
    format!("{passed} of {checked} passed{rest}.")
}
