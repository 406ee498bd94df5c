//! What the demos and the tests of all lessons need around the lesson itself. A lesson's `demo/` and its
//! tests use it; a lesson's `src/` never does.
//!
//! # Layout
//!
//! * [`signal`]: the end of a program by Ctrl-C, SIGTERM or the end of its standard input; `bind` with error
//!   messages for people.
//! * [`child`]: this program started again as a process of its own, its output line by line, pause and kill.
//! * [`greeter`]: the greeter of lessons 09 and 10 as such a process.
//! * [`story`]: clocks and lines of a demo, and what two processes saw in the order in which it happened.
//! * [`measure`]: the times of many calls, medians, and lines of code: one row of the ladder.
//! * [`load`]: callers that call all the time or so often, with counts and latencies.
//! * [`timetable`]: requests at fixed times, whatever became of those before, and the latency that users see.
//! * [`tap`]: a TCP forwarder that counts bytes, or keeps them.
//! * [`commands`]: the table of a program's commands and options: parsed values, `--help`, error messages.
//! * `http` (feature `http`): one HTTP request on hyper's client, with a deadline and a size limit.
//! * `hosts` (feature `http`): the names that an HTTP server answers to, against DNS rebinding.
//! * `log` (feature `log`): events of `tracing` as plain lines on standard output, or captured by a test.

pub mod child;
pub mod commands;
pub mod greeter;
#[cfg(feature = "http")]
pub mod hosts;
#[cfg(feature = "http")]
pub mod http;
pub mod load;
#[cfg(feature = "log")]
pub mod log;
pub mod measure;
pub mod signal;
pub mod story;
pub mod tap;
pub mod timetable;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks, also after a thread has panicked while it held the lock: the data here is valid after every
/// statement.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
