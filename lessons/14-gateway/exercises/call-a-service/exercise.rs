use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

// Given in given.rs, beside this file: `Instances`, `Registry`, `Unavailable`, `NotResolved`.
pub use super::given::*;

/// Resolves names of services for the calls of a gateway.
///
/// * The registry is asked once for a name, at its first call; also if two hundred calls come at the same moment. Every
///   later call reads the watched list. When a watch has ended, the registry is asked once more.
/// * A call whose name is watched waits for nothing, also while the registry is asked for another name.
/// * Clients can invent names, without limit. A name that the registry does not know leaves nothing in
///   [`Resolver::kept`], and its next call asks again: it may be registered by then.
pub struct Resolver<R> {
    registry: R,
    turn: AtomicUsize,
    /// The watched lists, by the name of the service.
    known: Mutex<HashMap<String, Instances>>,
    /// Locked while the registry is asked.
    asking: tokio::sync::Mutex<()>,
}

impl<R: Registry> Resolver<R> {
    pub fn new(registry: R) -> Self {
        Resolver {
            registry,
            turn: AtomicUsize::new(0),
            known: Mutex::default(),
            asking: tokio::sync::Mutex::default(),
        }
    }

    /// Returns the instance for a call of this service. Its instances get calls in turn.
    pub async fn resolve(&self, name: &str) -> Result<u16, NotResolved> {
        let _asking = self.asking.lock().await;
        let instances = self.ask(name).await?;
        self.next(&instances.borrow())
    }

    /// Asks the registry.
    async fn ask(&self, name: &str) -> Result<Instances, NotResolved> {
        let found = self.registry.watch(name).await;
        let found = found.map_err(|Unavailable| NotResolved::RegistryUnavailable)?;
        found.ok_or(NotResolved::UnknownService)
    }

    /// How many names have a list here.
    pub fn kept(&self) -> usize {
        self.known().len()
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Instances>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next instance in turn.
    fn next(&self, instances: &[u16]) -> Result<u16, NotResolved> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let place = turn.checked_rem(instances.len());
        place.map_or(Err(NotResolved::NoInstance), |place| Ok(instances[place]))
    }
}
