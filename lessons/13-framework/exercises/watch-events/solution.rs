//! A list shows a state, and an instance that came and went between two lists was in neither. So there is one list, and
//! after it the changes from its revision on: none is lost between the two, and none comes twice. The next
//! revision to ask for is that of the last change. It stays valid when a connection breaks, so nothing is lost by that.
//! Only a compacted log loses changes. The report then has two parts: that there is a gap, and what is different now.

use std::collections::BTreeSet;
use std::time::Duration;

// Given in given.rs, beside this file: `Snapshot`, `Event`, `WatchError`, `EventStore`, `Notice`, `report_difference`,
// `report_event`.
pub use super::given::*;

/// Reports each change of the instances once and in order, until the watch is `Closed`.
pub fn follow(store: &mut impl EventStore, mut report: impl FnMut(Notice)) {
    let mut known = BTreeSet::new();
    // The revision of the last change; `None` if a list is needed first.
    let mut last = None;
    let mut compacted = false;
    loop {
        let outcome = match last {
            None => store.list().map(|now| {
                if compacted {
                    report(Notice::Gap);
                }
                report_difference(&known, &now.instances, &mut report);
                known = now.instances;
                last = Some(now.revision);
            }),
            Some(revision) => store.next(revision).map(|(revision, event)| {
                report_event(&mut known, event, &mut report);
                last = Some(revision);
            }),
        };
        match outcome {
            Ok(()) => {}
            Err(WatchError::Unavailable) => store.pause(Duration::from_millis(500)),
            Err(WatchError::Compacted) => (last, compacted) = (None, true),
            Err(WatchError::Closed) => return,
        }
    }
}
