// Given in given.rs, beside this file: `LIMIT`, `LeaseError`, `LeaseStore`, `Revoked`, `within`.
pub use super::given::*;

/// Revokes the lease of a service that ends.
///
/// * `Gone` as soon as the store has said that the lease is gone. `NotFound` says so too.
/// * After `Unavailable` the call is repeated, with a pause of 0.2 s to 1 s. A call without a reply is given up after
///   1 s.
/// * After `LIMIT`, and no later, the result is `Unknown`.
pub async fn revoke(store: &impl LeaseStore, id: u64) -> Revoked {
    match store.revoke(id).await {
        Ok(()) => Revoked::Gone,
        Err(_) => Revoked::Unknown,
    }
}
