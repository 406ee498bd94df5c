use std::collections::BTreeSet;
use std::time::Duration;

// Given in given.rs, beside this file: `Answer`, `QueryError`, `Consul`, `Change`.
pub use super::given::*;

/// Reports each change of the list once, until the watch ends.
///
/// * The first answer is compared with an empty list.
/// * An index is handed back with the next query. Consul may answer although the list is the same, and the index may
///   fall.
/// * The next query after an answer with index 0 uses 1, because a query with 0 returns at once.
/// * While Consul is unavailable the list stays as it is. Between two attempts there is a pause of 100 ms to 1 s. The
///   index may start again after that, so the next query uses 0.
pub fn follow(consul: &mut impl Consul, mut report: impl FnMut(Change)) {
    let mut known = BTreeSet::new();
    let mut index = 0;
    loop {
        match consul.query(index) {
            Ok(answer) => {
                index = index.max(answer.index);
                for id in known.difference(&answer.ids) {
                    report(Change::Removed(id.clone()));
                }
                for id in answer.ids.difference(&known) {
                    report(Change::Added(id.clone()));
                }
                known = answer.ids;
            }
            Err(QueryError::Unavailable) => consul.pause(Duration::from_millis(500)),
            Err(QueryError::Ended) => return,
        }
    }
}
