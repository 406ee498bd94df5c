//! Each answer is the whole list. It is compared with the known one, so an answer without a difference reports
//! nothing. The index is never compared with the list; it is only handed back. An index that is smaller than the
//! one of the query comes from a Consul that has started again, and 0 asks for its whole list at once. A query with
//! index 0 is never held back, so 1 takes its place. After a failure the index is 0 too: a restarted Consul would hold a
//! query with the old index until its own index is larger.

use std::collections::BTreeSet;
use std::time::Duration;

// Given in given.rs, beside this file: `Answer`, `QueryError`, `Consul`, `Change`.
pub use super::given::*;

/// Reports each change of the list once, until the watch ends.
pub fn follow(consul: &mut impl Consul, mut report: impl FnMut(Change)) {
    let mut known = BTreeSet::new();
    let mut index = 0;
    loop {
        match consul.query(index) {
            Ok(answer) => {
                index = match answer.index {
                    answered if answered < index => 0,
                    0 => 1,
                    answered => answered,
                };
                for id in known.difference(&answer.ids) {
                    report(Change::Removed(id.clone()));
                }
                for id in answer.ids.difference(&known) {
                    report(Change::Added(id.clone()));
                }
                known = answer.ids;
            }
            Err(QueryError::Unavailable) => {
                consul.pause(Duration::from_millis(500));
                index = 0;
            }
            Err(QueryError::Ended) => return,
        }
    }
}
