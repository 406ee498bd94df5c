use std::collections::BTreeSet;
use std::time::Duration;

// Given in given.rs, beside this file: `Snapshot`, `Event`, `WatchError`, `EventStore`, `Notice`, `report_difference`,
// `report_event`.
pub use super::given::*;

/// Reports each change of the instances once and in order, until the watch is `Closed`.
///
/// * First the instances of one `list`, as `Added`. Then each change after its revision, by `next`.
/// * After `Unavailable` the same call is repeated, with a pause of 100 ms to 1 s. The log still has the changes
///   made meanwhile.
/// * After `Compacted` there is a new `list`. Report `Gap`, then the difference from what was reported; then go on
///   after the revision of this list.
pub fn follow(store: &mut impl EventStore, mut report: impl FnMut(Notice)) {
    let mut known = BTreeSet::new();
    // The revision of the last change; `None` if a list is needed first. Nothing sets it yet.
    let last: Option<u64> = None;
    loop {
        let outcome = match last {
            None => store.list().map(|now| {
                report_difference(&known, &now.instances, &mut report);
                known = now.instances;
            }),
            Some(_) => Err(WatchError::Closed),
        };
        match outcome {
            Ok(()) => store.pause(Duration::from_secs(1)),
            Err(WatchError::Unavailable) => store.pause(Duration::from_millis(500)),
            Err(WatchError::Compacted) => {}
            Err(WatchError::Closed) => return,
        }
    }
}
