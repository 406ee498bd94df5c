//! The state that all clients share.
//!
//! It is behind one mutex, and a command holds it from its beginning to its end. So commands happen one
//! after the other, as in Redis, where one thread does them all; GETDEL is one step because no other
//! command comes between its two halves, and MULTI is only a longer hold. The alternative is an actor: one
//! task that owns the keys, and a channel to it. That has the same order, but every command then costs
//! two messages and a wake-up of another task, where an uncontended mutex costs two atomic
//! instructions. Nothing waits while it holds the lock, so a mutex of the standard library is right.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Semaphore;

use super::Config;
use super::keyspace::Keyspace;

/// The number of databases.
pub const DATABASES: usize = 16;

/// The state that all clients share.
#[derive(Debug)]
pub struct Shared {
    /// What was chosen.
    pub config: Config,
    /// One permit a client.
    pub places: Arc<Semaphore>,
    /// Bytes of requests and answers that are under way, of all clients.
    pub buffers: AtomicUsize,
    /// Clients that were ever let in, which numbers them.
    pub clients: AtomicU64,
    state: Mutex<State>,
}

/// The keys.
#[derive(Debug, Default)]
pub struct State {
    /// The databases.
    pub spaces: [Keyspace; DATABASES],
}

impl Shared {
    /// Makes an empty state.
    pub fn new(config: Config) -> Shared {
        Shared {
            places: Arc::new(Semaphore::new(config.max_clients)),
            config,
            buffers: AtomicUsize::new(0),
            clients: AtomicU64::new(0),
            state: Mutex::default(),
        }
    }

    /// The keys, for one command. Its time is now.
    pub fn lock(&self) -> MutexGuard<'_, State> {
        // A command that panicked has told its client so, by closing. The others go on.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = i64::try_from(self.config.clock.now_ms()).unwrap_or(i64::MAX);
        for space in &mut state.spaces {
            space.now = now;
        }
        state
    }

    /// Returns the number of connected clients.
    pub fn connected(&self) -> usize {
        let free = self.places.available_permits();
        self.config.max_clients.saturating_sub(free)
    }

    /// Returns whether all clients together may hold so many bytes more. `had` of them were counted before.
    pub fn may_hold(&self, had: &mut usize, now: usize) -> bool {
        let others = if now >= *had {
            self.buffers.fetch_add(now - *had, Ordering::Relaxed)
        } else {
            self.buffers.fetch_sub(*had - now, Ordering::Relaxed)
        };
        let all = others.saturating_add(now).saturating_sub(*had);
        *had = now;
        all <= self.config.max_buffers
    }
}

impl State {
    /// About how many bytes the keys are.
    pub fn bytes(&self) -> usize {
        self.spaces.iter().map(Keyspace::bytes).sum()
    }
}
