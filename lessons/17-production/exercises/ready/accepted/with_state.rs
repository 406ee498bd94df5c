//! Accepted: axum's own state and extractor, and an `async` block with `?` in place of a match.

use std::sync::Arc;

use axum::Router;
use axum::extract::State as Extract;
use axum::http::StatusCode;
use axum::routing::get;
use tokio::time::timeout;

// The library's: `has_started`, `is_draining` and `ping`, and how long `/readyz` waits for Redis.
pub use l17_production::ready::{PROBE_TIMEOUT, State};

/// The routes for the two probes of an instance.
pub fn probes(state: Arc<State>) -> Router {
    let readyz = |Extract(state): Extract<Arc<State>>| async move {
        let open = state.has_started() && !state.is_draining();
        let ping = async { open && state.ping().await.is_ok() };
        if timeout(PROBE_TIMEOUT, ping).await == Ok(true) {
            (StatusCode::OK, "ready")
        } else {
            (StatusCode::SERVICE_UNAVAILABLE, "not ready")
        }
    };
    Router::new()
        .route("/livez", get("alive"))
        .route("/readyz", get(readyz))
        .with_state(state)
}
