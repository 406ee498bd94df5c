//! What is given in this exercise: the answer uses it and does not change it.

use std::collections::BTreeSet;
use std::time::Duration;

/// A list, and the revision of the last change that it contains.
#[derive(Clone, Debug)]
pub struct Snapshot {
    pub revision: u64,
    pub instances: BTreeSet<String>,
}

/// A change in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Added(String),
    Removed(String),
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WatchError {
    /// The connection is lost or refused.
    Unavailable,
    /// The store has removed old changes from its log: those after the given revision are not complete.
    Compacted,
    /// The watch is over.
    Closed,
}

/// A store with a log of changes, such as etcd. Each change has a revision, larger than those before. Other keys
/// have changes too, so revisions of one watch have gaps.
pub trait EventStore {
    fn list(&mut self) -> Result<Snapshot, WatchError>;

    /// The first change after this revision, with its own revision. If there is none yet, the answer comes with
    /// the next change.
    fn next(&mut self, revision: u64) -> Result<(u64, Event), WatchError>;

    /// Waits, by the clock of the check.
    fn pause(&mut self, time: Duration);
}

/// What the caller of `follow` hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    Added(String),
    Removed(String),
    /// Changes may have been lost here.
    Gap,
}

/// Reports the difference between what was known and a new list: first `Removed`, then `Added`, each sorted.
pub fn report_difference(
    known: &BTreeSet<String>,
    now: &BTreeSet<String>,
    report: &mut impl FnMut(Notice),
) {
    for instance in known.difference(now) {
        report(Notice::Removed(instance.clone()));
    }
    for instance in now.difference(known) {
        report(Notice::Added(instance.clone()));
    }
}

/// Reports one change, and makes it in the list of what is known.
#[allow(dead_code, reason = "the stub does not call it")]
pub fn report_event(known: &mut BTreeSet<String>, event: Event, report: &mut impl FnMut(Notice)) {
    match event {
        Event::Added(instance) => {
            known.insert(instance.clone());
            report(Notice::Added(instance));
        }
        Event::Removed(instance) => {
            known.remove(&instance);
            report(Notice::Removed(instance));
        }
    }
}
