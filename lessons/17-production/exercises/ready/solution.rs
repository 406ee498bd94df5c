//! Two probes have two readers. A supervisor restarts a process that is not alive, so `/livez` looks at this process alone.
//! A load balancer leaves out an instance that is not ready, so `/readyz` looks at everything that a request needs: the
//! start, the drain and Redis. A probe that waits longer than its reader is of no use, so it has a timeout.

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use tokio::time::timeout;

// The library's: `has_started`, `is_draining` and `ping`, and how long `/readyz` waits for Redis.
pub use l17_production::ready::{PROBE_TIMEOUT, State};

/// The routes for the two probes of an instance.
pub fn probes(state: Arc<State>) -> Router {
    Router::new()
        .route("/livez", get(|| async { StatusCode::OK }))
        .route("/readyz", get(move || readyz(Arc::clone(&state))))
}

async fn readyz(state: Arc<State>) -> StatusCode {
    if !state.has_started() || state.is_draining() {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    match timeout(PROBE_TIMEOUT, state.ping()).await {
        Ok(Ok(())) => StatusCode::OK,
        Ok(Err(_)) | Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}
