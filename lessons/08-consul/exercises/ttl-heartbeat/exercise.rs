use std::time::Duration;

// Given in given.rs, beside this file: `Away`, `Body`.
pub use super::given::*;

/// Tells the agent that the service is alive, for as long as that is true. Never returns.
///
/// * As long as the worker gets on, the check never turns critical; not even if one heartbeat of
///   them all is lost. Twenty in one TTL are too many.
/// * The worker is stuck if it has had something to do for longer than `patience`, and has finished
///   nothing in that time. Then no heartbeat is sent. When it gets on again, so does the heart.
/// * A worker that has nothing to do is well.
pub async fn beat(body: &mut impl Body, ttl: Duration, patience: Duration) {
    let _ = patience;
    while body.pass().await.is_ok() {
        body.sleep(ttl).await;
    }
}
