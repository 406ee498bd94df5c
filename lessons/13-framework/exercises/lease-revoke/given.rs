//! What is given in this exercise: the answer uses it and does not change it.

use std::future::Future;
use std::time::Duration;

/// How long all attempts may take.
#[allow(dead_code, reason = "the stub does not use it")]
pub const LIMIT: Duration = Duration::from_secs(5);

/// Why a call has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaseError {
    /// The store did not answer. Whether it has read the request is unknown.
    Unavailable,
    /// The store has no such lease: it was revoked, or it has expired.
    NotFound,
}

/// A store with leases, and a clock. A call may fail, and it may stay without a reply.
pub trait LeaseStore {
    /// Ends a lease at once, so that its entry is gone.
    fn revoke(&self, id: u64) -> impl Future<Output = Result<(), LeaseError>>;
    /// Sleeps by the clock of the check. A clock of your own does not run here.
    fn sleep(&self, time: Duration) -> impl Future<Output = ()>;
}

/// How a revocation has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revoked {
    /// The store has said that the lease is gone.
    Gone,
    /// The time is over, and the store has not said so. The lease ends by itself.
    Unknown,
}

/// The result of `call`, or `Unavailable` if it takes longer than `limit`.
#[allow(dead_code, reason = "the stub does not call it")]
pub async fn within<T>(
    store: &impl LeaseStore,
    limit: Duration,
    call: impl Future<Output = Result<T, LeaseError>>,
) -> Result<T, LeaseError> {
    tokio::select! {
        result = call => result,
        () = store.sleep(limit) => Err(LeaseError::Unavailable),
    }
}
