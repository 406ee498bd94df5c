//! Two questions about a process. *Is it alive?* is for the supervisor that restarts it. *Is it ready?* is for the load
//! balancer that sends requests to it. A process that waits for Redis is alive and not ready.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use redis::AsyncConnectionConfig;
use tokio::time::timeout;

// ANCHOR: state
/// The time that `/readyz` waits for Redis.
pub const PROBE_TIMEOUT: Duration = Duration::from_millis(300);

/// The state that the probes read.
#[derive(Debug, Default)]
pub struct State {
    /// Everything that has to happen before the first request has happened.
    pub started: AtomicBool,
    /// The instance takes itself out of service, and finishes the requests that it has.
    pub draining: AtomicBool,
    /// The Redis that every request needs; `None`: none does.
    pub redis: Option<SocketAddr>,
}

impl State {
    /// A new process: not started, not draining.
    pub fn new(redis: Option<SocketAddr>) -> Self {
        State {
            redis,
            ..State::default()
        }
    }

    /// Returns whether everything is done that has to be done before the first request.
    pub fn has_started(&self) -> bool {
        self.started.load(Ordering::SeqCst)
    }

    /// Returns whether the instance takes itself out of service.
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::SeqCst)
    }

    /// Sends PING to Redis, and waits for the answer as long as it takes.
    ///
    /// # Errors
    /// If Redis refuses the connection, or answers with an error.
    pub async fn ping(&self) -> redis::RedisResult<()> {
        let Some(addr) = self.redis else {
            return Ok(());
        };
        let client = redis::Client::open(format!("redis://{addr}/"))?;
        // A connection for each probe: it proves that a new one is possible.
        let unlimited = AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            .set_response_timeout(None);
        let connecting = client.get_multiplexed_async_connection_with_config(&unlimited);
        let mut connection = connecting.await?;
        redis::cmd("PING").query_async(&mut connection).await
    }
}
// ANCHOR_END: state

/// So many PINGs in a row may fail after a good one: all instances share one Redis, and a short pause of it may not take
/// all of them out of service.
const FORGIVEN: u32 = 2;

/// `/livez` and `/readyz`.
pub fn probes(state: Arc<State>) -> Router {
    // It has had no good PING yet, so none of its failures is forgiven.
    let failures = Arc::new(AtomicU32::new(FORGIVEN));
    let readyz = get(move || readyz(Arc::clone(&state), Arc::clone(&failures)));
    Router::new()
        .route("/livez", get(async || (StatusCode::OK, "alive")))
        .route("/readyz", readyz)
}

async fn readyz(state: Arc<State>, failures: Arc<AtomicU32>) -> (StatusCode, &'static str) {
    let not_ready = |why| (StatusCode::SERVICE_UNAVAILABLE, why);
    if state.is_draining() {
        return not_ready("draining");
    }
    if !state.has_started() {
        return not_ready("starting");
    }
    if let Ok(Ok(())) = timeout(PROBE_TIMEOUT, state.ping()).await {
        failures.store(0, Ordering::SeqCst);
        return (StatusCode::OK, "ready");
    }
    match failures.fetch_add(1, Ordering::SeqCst) < FORGIVEN {
        true => (StatusCode::OK, "ready, and Redis is slow"),
        false => not_ready("redis"),
    }
}
