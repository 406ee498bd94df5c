//! The store: all state of the agent, its index, and how a change wakes the blocking queries that wait for it.
//!
//! Consul replicates a log of changes between its servers, and the number of a change in that log is
//! its index. Here the log has one reader, and what is left of it is the number.
//!
//! **Blocking queries.** A caller says: I have seen index 57, answer when there is more. No wake-up can
//! be lost, because of the order in [`Store::wait_past`]: first remember which changes have been
//! announced, then look at the index, and only then wait. A change after the look is announced after
//! it as well. And an announcement is a hint, never a message: a caller that is woken looks again.
//!
//! A lock of the standard library and not Tokio's: it is held for microseconds and never across an
//! `.await`; the compiler sees to the second, because its guard may not move between threads.

use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::watch;

use crate::catalog::Catalog;
use crate::extra::clock::Clock;
use crate::extra::kv::Kv;
use crate::local::Local;

/// The whole state of the agent.
#[derive(Debug, Default)]
#[expect(missing_docs, reason = "each has its own file")]
pub struct State {
    pub index: u64,
    pub catalog: Catalog,
    pub kv: Kv,
    pub local: Local,
}

impl State {
    /// Does one change to the catalog, under one new index, unless it turns out to be none.
    pub fn change(&mut self, change: impl FnOnce(&mut Catalog, u64) -> bool) {
        if change(&mut self.catalog, self.index + 1) {
            self.index += 1;
        }
    }
}

/// A part of the state that a blocking query can wait for. A change of a key wakes no caller that
/// waits for a service.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the names are those of the files")]
pub enum Topic {
    Catalog,
    Kv,
    Local,
}

/// The state, and those who wait for it to change.
#[derive(Debug)]
pub struct Store {
    state: RwLock<State>,
    // One for each topic. A `watch` and not a `Notify`: it remembers that it was told, so a waiter
    // that is not waiting yet misses nothing, and 1,000 waiters cost one list.
    changed: [watch::Sender<()>; 3],
}

impl Store {
    /// A store with something in it already.
    pub fn new(state: State) -> Store {
        Store {
            state: RwLock::new(state),
            changed: std::array::from_fn(|_| watch::Sender::new(())),
        }
    }

    /// Looks. Take what you need (it is shared, so this is quick) and make the answer of it outside.
    pub fn read<R>(&self, look: impl FnOnce(&State) -> R) -> R {
        // A panic while writing would be a bug; to answer nothing ever again would be two.
        look(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes, and tells those who wait. Telling cannot be forgotten: it is found out here.
    pub fn write<R>(&self, change: impl FnOnce(&mut State) -> R) -> R {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let before = indexes(&state);
        let result = change(&mut state);
        let after = indexes(&state);
        drop(state);
        for ((before, after), changed) in before.iter().zip(&after).zip(&self.changed) {
            if before != after {
                changed.send_replace(());
            }
        }
        result
    }

    // ANCHOR: wait
    /// Waits until an index is greater than `seen`, or until `wait` is over, whichever comes first.
    /// The caller looks for itself afterwards, at both: being woken does not mean that it changed.
    pub async fn wait_past(
        &self,
        topic: Topic,
        clock: &Clock,
        seen: u64,
        wait: Duration,
        index: impl Fn(&State) -> u64,
    ) {
        let mut changed = self.changed[topic as usize].subscribe();
        let end = clock.sleep(wait);
        let mut end = std::pin::pin!(end);
        loop {
            changed.borrow_and_update();
            if self.read(&index) > seen {
                return;
            }
            tokio::select! {
                _ = &mut end => return,
                told = changed.changed() => if told.is_err() { return },
            }
        }
    }
    // ANCHOR_END: wait
}

/// One number for each topic, in their order.
fn indexes(state: &State) -> [u64; 3] {
    let State {
        catalog, kv, local, ..
    } = state;
    let catalog = catalog
        .nodes_index()
        .max(catalog.services_index())
        .max(catalog.checks_index());
    [catalog, kv.prefix_index(""), local.version]
}
