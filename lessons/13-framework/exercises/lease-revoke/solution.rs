//! A revocation frees the name before the lease ends. The request or its reply may be lost, so it is repeated; that is
//! safe because a second revocation finds no lease, and `NotFound` is what the caller wants. The lease ends by
//! itself in any case, so a service that ends need not wait without limit. Two limits are needed: one for each
//! call, so that a lost reply costs one second, and one for all calls together.

use std::time::Duration;

// Given in given.rs, beside this file: `LIMIT`, `LeaseError`, `LeaseStore`, `Revoked`, `within`.
pub use super::given::*;

/// Revokes the lease of a service that ends.
pub async fn revoke(store: &impl LeaseStore, id: u64) -> Revoked {
    let attempts = async {
        let limit = Duration::from_secs(1);
        while within(store, limit, store.revoke(id)).await == Err(LeaseError::Unavailable) {
            store.sleep(Duration::from_millis(500)).await;
        }
        Ok(())
    };
    match within(store, LIMIT, attempts).await {
        Ok(()) => Revoked::Gone,
        Err(_) => Revoked::Unknown,
    }
}
