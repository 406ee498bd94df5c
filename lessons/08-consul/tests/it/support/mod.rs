//! What the tests of this lesson share: a small HTTP client, a look at the shape of JSON, and a
//! server on the side that a test program judges.

#![allow(
    dead_code,
    unused_imports,
    reason = "each test file uses a part of this"
)]

pub mod http;
pub mod json;
pub mod side;
pub mod subject;

pub use http::{Answer, Http};
pub use json::{members, texts};
pub use side::Server;

use std::time::{Duration, Instant};

/// Nothing on one machine takes this long unless it is broken.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Asks again until `ask` has an answer; fails with `promise` when the time is over. For what Consul does
/// on its own time: checks that run, registrations that travel from the agent to the catalog.
#[track_caller]
pub fn soon<T>(promise: &str, ask: impl FnMut() -> Option<T>) -> T {
    within(PATIENCE, promise, ask)
}

/// As [`soon`], with a time of its own.
#[track_caller]
pub fn within<T>(limit: Duration, promise: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let since = Instant::now();
    loop {
        if let Some(value) = ask() {
            return value;
        }
        assert!(since.elapsed() < limit, "not after {limit:?}: {promise}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
