//! Panics of other threads. A panic in a spawned thread or task ends only that thread: the test
//! around it sees a closed connection, or nothing at all, and passes. So while a case is open, a
//! panic hook writes down every panic that is not the check's own, and the case fails with it.

use std::panic::{self, PanicHookInfo};
use std::sync::{Mutex, MutexGuard, Once};

use crate::Report;

/// The case that is open now, and what has panicked since.
static OPEN: Mutex<Option<Open>> = Mutex::new(None);

struct Open {
    thread: std::thread::ThreadId,
    /// The file the case was written in; a panic from there carries words for the learner.
    file: &'static str,
    panics: Vec<Panicked>,
    /// The check has failed; its words are on the screen if `aloud`.
    failed: bool,
    aloud: bool,
}

/// One panic that happened in code under test.
#[derive(Clone, Debug)]
pub(crate) struct Panicked {
    pub place: String,
    pub message: String,
    /// The message is a finished report of ours (from a helper thread of the check, or from
    /// [`crate::Pieces`]) and is shown as it is.
    pub words: bool,
    /// `place` is a line of the learner's file.
    pub own: bool,
}

/// Collects panics from now on. One case at a time: the caller holds a lock.
pub(crate) fn open(file: &'static str, aloud: bool) {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !collect(info) {
                before(info);
            }
        }));
    });
    *lock() = Some(Open {
        thread: std::thread::current().id(),
        file,
        panics: Vec::new(),
        failed: false,
        aloud,
    });
}

/// Returns whether this thread is inside a case already.
pub(crate) fn inside() -> bool {
    let here = std::thread::current().id();
    lock().as_ref().is_some_and(|open| open.thread == here)
}

/// The first panic since the case was opened.
pub(crate) fn first() -> Option<Panicked> {
    lock().as_ref()?.panics.first().cloned()
}

/// The end of the case: the first panic in it, and whether the check itself has failed in words.
pub(crate) fn close() -> (Option<Panicked>, bool) {
    match lock().take() {
        Some(open) => (open.panics.into_iter().next(), open.failed),
        None => (None, false),
    }
}

/// True if the panic was written down and will be reported by the case, so that the learner reads
/// about it once, with the situation beside it.
fn collect(info: &PanicHookInfo<'_>) -> bool {
    let mut open = lock();
    let Some(open) = open.as_mut() else {
        return false;
    };
    let place = info.location();
    let answer = answer_beside(open.file);
    let of_the_check = place.is_some_and(|place| place.file() == open.file);
    if of_the_check && std::thread::current().id() == open.thread {
        open.failed = true;
        return !open.aloud;
    }
    let (message, words) = if let Some(report) = info.payload().downcast_ref::<Report>() {
        (report.to_string(), true)
    } else if let Some(text) = info.payload().downcast_ref::<String>() {
        (text.clone(), of_the_check)
    } else if let Some(text) = info.payload().downcast_ref::<&str>() {
        (text.to_string(), of_the_check)
    } else {
        ("a value that is no text".to_string(), false)
    };
    let place = place.map_or_else(
        || "an unknown place".to_string(),
        |place| format!("{}:{}", place.file(), place.line()),
    );
    let mut place = place;
    let mut own = words || place.replace('\\', "/").contains(&answer);
    if !own && let Some(line) = innermost(&answer) {
        (place, own) = (line, true);
    }
    open.panics.push(Panicked {
        place,
        message,
        words,
        own,
    });
    true
}

/// The learner's file, as the compiler names it: it lies beside the check.
fn answer_beside(check: &str) -> String {
    let check = check.replace('\\', "/");
    let dir = check.rsplit_once('/').map_or("", |(dir, _)| dir);
    format!("{dir}/exercise.rs")
}

/// The innermost line of the file `answer` on the stack of this thread. A library that panics names a line of its own,
/// and the learner wants the line that called it.
fn innermost(answer: &str) -> Option<String> {
    let trace = std::backtrace::Backtrace::force_capture().to_string();
    let mut places = trace
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("at "));
    places.find_map(|place| {
        let place = place.replace('\\', "/");
        let (file, line) = place.rsplit_once(':')?.0.rsplit_once(':')?;
        // The file is named from the root, from the folder in which the check runs, or in full.
        let file = file.trim_start_matches("./");
        let same =
            file.ends_with("exercise.rs") && (file.ends_with(answer) || answer.ends_with(file));
        same.then(|| format!("{answer}:{line}"))
    })
}

/// A panic while the lock was held leaves nothing half done here, so poison is no news.
fn lock() -> MutexGuard<'static, Option<Open>> {
    OPEN.lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}
