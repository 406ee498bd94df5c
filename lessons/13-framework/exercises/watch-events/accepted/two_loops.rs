//! Accepted: an inner loop for the changes after each list.

use std::collections::BTreeSet;
use std::time::Duration;

// Given in given.rs, beside this file: `Snapshot`, `Event`, `WatchError`, `EventStore`, `Notice`, `report_difference`,
// `report_event`.
pub use super::given::*;

pub fn follow(store: &mut impl EventStore, mut report: impl FnMut(Notice)) {
    let mut known: Option<BTreeSet<String>> = None;
    loop {
        let now = match store.list() {
            Ok(now) => now,
            Err(WatchError::Closed) => return,
            Err(_) => {
                store.pause(Duration::from_millis(100));
                continue;
            }
        };
        if known.is_some() {
            report(Notice::Gap);
        }
        let mut there = known.unwrap_or_default();
        report_difference(&there, &now.instances, &mut report);
        there = now.instances;
        let mut revision = now.revision;
        loop {
            match store.next(revision) {
                Ok((next, event)) => {
                    report_event(&mut there, event, &mut report);
                    revision = next;
                }
                Err(WatchError::Unavailable) => store.pause(Duration::from_secs(1)),
                Err(WatchError::Compacted) => break,
                Err(WatchError::Closed) => return,
            }
        }
        known = Some(there);
    }
}
