// Given in given.rs, beside this file: `KvStore`, `Entry`, `NoAnswer`.
pub use super::given::*;

/// `me` wants to become the leader. Returns the leader in the end: `me` or another one.
///
/// * If another instance is the leader, it stays the leader. `dead` is the exception: the leader of this name is
///   known to have crashed, and `me` replaces it.
/// * If the key does not exist, or is deleted meanwhile, `me` becomes the leader.
/// * Between a `get` and the following `put` another instance may write the key. There are never two
///   instances that both take themselves for the leader.
/// * A `put` without an answer may have been done or not. The next `get` shows it.
/// * A `get` without an answer: the result is `NoAnswer`.
pub fn become_leader(
    store: &mut impl KvStore,
    me: &str,
    dead: Option<&str>,
) -> Result<String, NoAnswer> {
    match store.get()? {
        Some(entry) if Some(entry.value.as_str()) != dead => Ok(entry.value),
        _ => {
            store.put(me, None)?;
            Ok(me.to_string())
        }
    }
}

/// `me` resigns: if it is the leader, the key is deleted.
///
/// * If another instance is the leader by now, also right before the `delete`, it stays the leader. That is a success.
/// * A `get` without an answer: the result is `NoAnswer`. A `delete` without an answer is not a success: the result is
///   `NoAnswer`, or another `get` shows what has happened.
pub fn resign(store: &mut impl KvStore, me: &str) -> Result<(), NoAnswer> {
    if store.get()?.is_some_and(|entry| entry.value == me) {
        store.delete(None)?;
    }
    Ok(())
}
