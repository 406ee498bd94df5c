//! Accepted: the answer to the write decides where there is one, and a delete is repeated until a read confirms it.

// Given in given.rs, beside this file: `KvStore`, `Entry`, `NoAnswer`.
pub use super::given::*;

pub fn become_leader(
    store: &mut impl KvStore,
    me: &str,
    dead: Option<&str>,
) -> Result<String, NoAnswer> {
    loop {
        let entry = store.get()?;
        let leader = entry.as_ref().map(|entry| entry.value.as_str());
        if let Some(leader) = leader
            && dead != Some(leader)
        {
            return Ok(leader.to_string());
        }
        let index = entry.map_or(0, |entry| entry.index);
        if store.put(me, Some(index)) == Ok(true) {
            return Ok(me.to_string());
        }
    }
}

pub fn resign(store: &mut impl KvStore, me: &str) -> Result<(), NoAnswer> {
    loop {
        let Some(entry) = store.get()? else {
            return Ok(());
        };
        if entry.value != me {
            return Ok(());
        }
        let _ = store.delete(Some(entry.index));
    }
}
