//! What is given in this exercise: the answer uses it and does not change it.

use std::future::Future;
use std::sync::Arc;

use tokio::sync::watch;

/// The healthy instances of a service, by their ports. The list stays current: after each change `borrow()` returns the new
/// one. When the registry restarts, the watch ends: `has_changed()` is an error from then on, and the list is the
/// last one that was known.
pub type Instances = watch::Receiver<Arc<[u16]>>;

/// A registry.
pub trait Registry: Send + Sync + 'static {
    /// Begins to watch the service with this name. That takes a round trip. `None`: there is no such service now.
    fn watch(
        &self,
        name: &str,
    ) -> impl Future<Output = Result<Option<Instances>, Unavailable>> + Send;
}

/// The registry did not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unavailable;

/// Why a call has no instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotResolved {
    /// The registry knows no service with this name.
    UnknownService,
    /// The service is registered, and has no healthy instance.
    NoInstance,
    /// The registry did not answer.
    RegistryUnavailable,
}
