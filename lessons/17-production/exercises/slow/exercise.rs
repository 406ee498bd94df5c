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
        Failures(AtomicU32::new(0))
    }
}

/// The status of `GET /readyz`. Consul asks each second, and all instances have the same Redis.
///
/// * Before the start and while it drains: 503, without a PING.
/// * Otherwise it sends one PING. A PING fails if `ping` returns an error, or nothing within `PROBE_TIMEOUT`.
/// * A good PING: 200, and the failures are counted anew.
/// * The first `FORGIVEN` failures in a row after a good PING: 200. Each further one: 503.
/// * None is forgiven before the first good PING: a new instance that does not reach Redis is not ready.
pub async fn readyz(state: &State, failures: &Failures) -> StatusCode {
    let _ = (failures.0.load(Ordering::SeqCst), FORGIVEN);
    if !state.has_started() || state.is_draining() {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    match timeout(PROBE_TIMEOUT, state.ping()).await {
        Ok(Ok(())) => StatusCode::OK,
        Ok(Err(_)) | Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}
