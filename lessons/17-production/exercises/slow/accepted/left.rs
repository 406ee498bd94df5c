//! Accepted: counts down what is still forgiven, behind a mutex, in place of counting up.

use std::sync::Mutex;

use axum::http::StatusCode;
use tokio::time::timeout;

// The library's: `has_started`, `is_draining` and `ping`, and how long a PING may take.
pub use l17_production::ready::{PROBE_TIMEOUT, State};

/// So many failed PINGs in a row are forgiven after a good one.
pub const FORGIVEN: u32 = 2;

/// How many failures are still forgiven.
pub struct Failures(Mutex<u32>);

impl Failures {
    /// A new instance: it has had no good PING.
    pub fn new() -> Self {
        Failures(Mutex::new(0))
    }
}

/// The status of `GET /readyz`.
pub async fn readyz(state: &State, failures: &Failures) -> StatusCode {
    if state.is_draining() || !state.has_started() {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    let good = matches!(timeout(PROBE_TIMEOUT, state.ping()).await, Ok(Ok(())));
    let mut left = failures
        .0
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    if good {
        *left = FORGIVEN;
    } else if *left > 0 {
        *left -= 1;
    } else {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    StatusCode::OK
}
