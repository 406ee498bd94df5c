//! A heartbeat that a timer sends proves that the timer runs. It says something about the service only if it is tied to
//! the work: here to the last moment at which the worker finished a job or had none. A third of the TTL is the usual
//! interval, because one heartbeat may be lost and the next one is still in time. With half of it the next one
//! arrives at the very end of the TTL, a moment too late. An unavailable agent comes back, and a stuck worker may go on, so
//! the loop never ends.

use std::time::Duration;

// Given in given.rs, beside this file: `Service`, `Unavailable`.
pub use super::given::*;

/// Sends heartbeats to the agent while the worker of the service makes progress. Never returns.
pub async fn heartbeat(service: &mut impl Service, ttl: Duration, limit: Duration) {
    let mut finished = service.finished();
    let mut healthy_at = service.now();
    loop {
        // A worker without a job is healthy, and the time for the next job begins when it is there.
        if service.finished() != finished || service.open() == 0 {
            finished = service.finished();
            healthy_at = service.now();
        }
        if service.now() - healthy_at <= limit {
            // If it is lost, the next one comes soon enough.
            let _ = service.pass().await;
        }
        service.sleep(ttl / 3).await;
    }
}
