//! What is given in this exercise: the answer uses it and does not change it.

use std::future::Future;
use std::time::Duration;

/// A lease as the store has granted it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    pub id: u64,
    /// How long it runs from now on.
    pub ttl: Duration,
}

/// Why a call has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaseError {
    /// The store did not answer. It may answer the next call.
    Unavailable,
    /// The store has no such lease: it has expired, or it is lost.
    NotFound,
}

/// A store with leases, such as etcd, and a clock. A call may fail, and it may stay without a reply.
pub trait LeaseStore {
    /// Grants a new lease. The store may grant a shorter one than `ttl`.
    fn grant(&self, ttl: Duration) -> impl Future<Output = Result<Lease, LeaseError>>;
    /// Renews a lease; the answer says how long it runs from now on.
    fn renew(&self, id: u64) -> impl Future<Output = Result<Lease, LeaseError>>;
    /// Sleeps by the clock of the check. A clock of your own does not run here.
    fn sleep(&self, time: Duration) -> impl Future<Output = ()>;
}

/// The result of `call`, or `Unavailable` if it takes longer than `limit`.
#[allow(dead_code, reason = "an answer may do without it")]
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
