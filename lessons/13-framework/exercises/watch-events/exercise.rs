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
    loop {
        match store.list() {
            Ok(now) => {
                report_difference(&known, &now.instances, &mut report);
                known = now.instances;
            }
            Err(WatchError::Closed) => return,
            Err(WatchError::Unavailable | WatchError::Compacted) => {}
        }
        store.pause(Duration::from_secs(1));
    }
}
