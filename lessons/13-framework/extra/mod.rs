//! A second evening, behind the traits of the first one. Nothing in `src/` teaches it, and some of it is what
//! every framework has and few people read: a flag parser, a codec, limits.
//!
//! * [`options`]: the flags and variables that a service reads when it starts.
//! * [`transport`]: what carries calls: gRPC for handlers that are known at run time, and lesson 02's RPC.
//! * [`broker`]: publish and subscribe over the registry.
//! * [`edge`]: an HTTP server with limits, for browsers.
//! * [`registries`]: mDNS; etcd and gossip with the cargo features `etcd` and `gossip`.
//! * [`etcd`]: the client for etcd that one of the registries is made of (feature `etcd`).

pub mod broker;
pub mod edge;
#[cfg(feature = "etcd")]
pub mod etcd;
pub(crate) mod log;
pub mod options;
pub mod registries;
pub mod transport;
pub(crate) mod uuid;

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::{Instant, sleep_until};

/// Locks, also after a panic: what is kept under these locks is valid after every statement.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ready at this moment; never without one.
pub(crate) async fn moment(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}
