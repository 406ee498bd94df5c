//! Accepted: an `Option` that says since when the worker has made no progress, and four heartbeats in one TTL.

use std::time::Duration;

// Given in given.rs, beside this file: `Service`, `Unavailable`.
pub use super::given::*;

pub async fn heartbeat(service: &mut impl Service, ttl: Duration, limit: Duration) {
    let mut last = None;
    let mut since: Option<Duration> = None;
    loop {
        let (now, finished) = (service.now(), service.finished());
        let progress = last != Some(finished) || service.open() == 0;
        last = Some(finished);
        since = if progress {
            None
        } else {
            since.or(Some(now - ttl / 4))
        };
        if since.is_none_or(|since| now - since <= limit) {
            service.pass().await.ok();
        }
        service.sleep(ttl / 4).await;
    }
}
