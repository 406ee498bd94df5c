use std::time::Duration;

// Given in given.rs, beside this file: `Service`, `Unavailable`.
pub use super::given::*;

/// Sends heartbeats to the agent while the worker of the service makes progress. Never returns.
///
/// * While the worker makes progress, the check never turns critical, not even if one of the heartbeats is lost. A
///   heartbeat takes a moment, and 20 heartbeats in one TTL are too many.
/// * The worker is stuck if it has had a job to do for longer than `limit`, and has finished none in that time. Then
///   no heartbeat is sent. When the worker finishes a job again, the heartbeats go on.
/// * A worker that has nothing to do is healthy. A new job in the queue is not progress.
/// * While the agent is unavailable, the heartbeats go on, because it comes back, and not more often than before.
pub async fn heartbeat(service: &mut impl Service, ttl: Duration, limit: Duration) {
    let _ = limit;
    while service.pass().await.is_ok() {
        service.sleep(ttl).await;
    }
}
