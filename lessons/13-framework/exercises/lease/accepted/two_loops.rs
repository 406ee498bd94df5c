//! Accepted: one loop for the grants, and one within it for the renewals; a new grant without a pause.

use std::time::Duration;

// Given in given.rs, beside this file: `Lease`, `LeaseError`, `LeaseStore`, `within`.
pub use super::given::*;

pub async fn keep_alive(store: &impl LeaseStore, ttl: Duration) {
    loop {
        let Ok(mut lease) = within(store, ttl / 4, store.grant(ttl)).await else {
            store.sleep(Duration::from_secs(1)).await;
            continue;
        };
        store.sleep(lease.ttl / 4).await;
        loop {
            match within(store, lease.ttl / 4, store.renew(lease.id)).await {
                Ok(renewed) => {
                    lease = renewed;
                    store.sleep(lease.ttl / 4).await;
                }
                Err(LeaseError::Unavailable) => store.sleep(Duration::from_millis(500)).await,
                Err(LeaseError::NotFound) => break,
            }
        }
    }
}
