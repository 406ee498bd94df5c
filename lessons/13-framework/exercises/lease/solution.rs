//! A lease ends by itself, so its holder must renew it in time. The time that the store has granted is divided by
//! three: after the first part the lease is renewed; a call without a reply is given up after the second; the
//! third part remains for further calls. `NotFound` is final for this id, so a new lease is granted. `Unavailable` says
//! nothing about the lease, so the same call is repeated.

use std::time::Duration;

// Given in given.rs, beside this file: `Lease`, `LeaseError`, `LeaseStore`, `within`.
pub use super::given::*;

/// The pause after a call that has failed.
const RETRY: Duration = Duration::from_millis(600);

/// Holds a lease without a gap, from the first `grant` until the caller drops this future.
pub async fn keep_alive(store: &impl LeaseStore, ttl: Duration) {
    let mut lease: Option<Lease> = None;
    loop {
        let limit = lease.map_or(ttl, |lease| lease.ttl) / 3;
        let result = match lease {
            None => within(store, limit, store.grant(ttl)).await,
            Some(lease) => within(store, limit, store.renew(lease.id)).await,
        };
        let pause = match result {
            Ok(new) => {
                lease = Some(new);
                new.ttl / 3
            }
            Err(LeaseError::Unavailable) => RETRY,
            Err(LeaseError::NotFound) => {
                lease = None;
                RETRY
            }
        };
        store.sleep(pause).await;
    }
}
