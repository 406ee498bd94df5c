//! A watch is a subscription: its list stays current, so it is kept, and a call only reads it. The lock for asking is
//! tokio's, because it is held across an `.await`. The call that gets it looks into the map again: the one before may
//! have put the answer there. A watched name needs no lock for asking, so a slow registry delays no call of another
//! service. An unknown name is not kept: no watch tells when it is registered, and invented names could fill the memory.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

// Given in given.rs, beside this file: `Instances`, `Registry`, `Unavailable`, `NotResolved`.
pub use super::given::*;

/// Resolves names of services for the calls of a gateway.
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
        if let Some(instances) = self.current(name) {
            return self.next(&instances.borrow());
        }
        let _asking = self.asking.lock().await;
        // Another call may have asked while this one waited for the lock.
        let instances = match self.current(name) {
            Some(instances) => instances,
            None => self.ask(name).await?,
        };
        self.known().insert(name.to_string(), instances.clone());
        self.next(&instances.borrow())
    }

    /// The list for this name, if it is watched and the watch has not ended.
    fn current(&self, name: &str) -> Option<Instances> {
        let instances = self.known().get(name).cloned()?;
        instances.has_changed().is_ok().then_some(instances)
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
