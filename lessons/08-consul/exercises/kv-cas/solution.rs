//! Between a read and a write another client may write. A second read makes that time shorter and does not remove it. So
//! the write carries the index of the read, and the agent, which handles one request after the other, decides: of
//! two clients that have read the same index, one wins. `false` means that another client was faster, and no answer
//! means that the write may have been done. In both cases the next read shows the leader, so the loop ends with a read.

// Given in given.rs, beside this file: `KvStore`, `Entry`, `NoAnswer`.
pub use super::given::*;

/// `me` wants to become the leader.
pub fn become_leader(
    store: &mut impl KvStore,
    me: &str,
    dead: Option<&str>,
) -> Result<String, NoAnswer> {
    loop {
        let index = match store.get()? {
            Some(entry) if Some(entry.value.as_str()) != dead => return Ok(entry.value),
            Some(entry) => entry.index,
            None => 0,
        };
        // Whatever comes of it, the next `get` shows the leader.
        let _ = store.put(me, Some(index));
    }
}

/// `me` resigns.
pub fn resign(store: &mut impl KvStore, me: &str) -> Result<(), NoAnswer> {
    match store.get()? {
        // `false`: another instance was faster, and the key is not ours to delete any more.
        Some(entry) if entry.value == me => store.delete(Some(entry.index)).map(drop),
        _ => Ok(()),
    }
}
