//! All instances share one Redis. If each of them leaves at the first slow PING, one pause closes the whole site, although
//! it would have cost a few slow requests. A few failures in a row are forgiven, because a pause is short and an outage is
//! long. A new instance begins with the forgiven number: it has nothing to lose yet.

use std::sync::atomic::{AtomicU32, Ordering};

use axum::http::StatusCode;
use tokio::time::timeout;

// The library's: `has_started`, `is_draining` and `ping`, and how long a PING may take.
pub use l17_production::ready::{PROBE_TIMEOUT, State};

/// So many failed PINGs in a row are forgiven after a good one.
pub const FORGIVEN: u32 = 2;

/// What an instance remembers between two probes: the failed PINGs in a row.
pub struct Failures(AtomicU32);

impl Failures {
    /// A new instance: it has had no good PING.
    pub fn new() -> Self {
        Failures(AtomicU32::new(FORGIVEN))
    }
}

/// The status of `GET /readyz`.
pub async fn readyz(state: &State, failures: &Failures) -> StatusCode {
    if !state.has_started() || state.is_draining() {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    if let Ok(Ok(())) = timeout(PROBE_TIMEOUT, state.ping()).await {
        failures.0.store(0, Ordering::SeqCst);
        return StatusCode::OK;
    }
    match failures.0.fetch_add(1, Ordering::SeqCst) < FORGIVEN {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    }
}
