//! An answer to a blocking query does not mean that the value has changed. The wait may be over, another key may have
//! moved an index that this one shares, or a client may have written the same value. So the last reported value
//! is kept, and only a difference is reported. The index belongs to the agent: it goes back as it came. It may
//! fall, because a restarted agent counts anew, and a query with the greatest index so far would wait for a number that
//! is far away. After an agent was unavailable, the next answer may come from a restarted one: index 0 makes it
//! answer at once, and the comparison finds out whether there is a change.

// Given in given.rs, beside this file: `KvStore`, `Answer`, `Unavailable`.
pub use super::given::*;

/// Calls `changed` with the value of the key, and again each time when the key has another value.
pub async fn watch(store: &mut impl KvStore, mut changed: impl FnMut(Option<&str>)) {
    let mut index = 0;
    // None: nothing was reported yet. That the key does not exist is something to report.
    let mut reported: Option<Option<String>> = None;
    loop {
        let Ok(answer) = store.get(index).await else {
            // A restarted agent may answer next, and its index begins anew.
            index = 0;
            store.pause().await;
            continue;
        };
        index = answer.index;
        if reported.as_ref() != Some(&answer.value) {
            changed(answer.value.as_deref());
            reported = Some(answer.value);
        }
    }
}
