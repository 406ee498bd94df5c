// Given in given.rs, beside this file: `KvStore`, `Answer`, `Unavailable`.
pub use super::given::*;

/// Calls `changed` with the value of the key, and again each time when the key has another value. Never returns.
///
/// * `changed` is never called twice in a row with the same value, whatever the agent has answered. That the key does
///   not exist is a value as well: `None`.
/// * A change that lasts until the next answer is not missed, and not reported minutes late.
/// * The agent is queried again when it has answered, and never all the time. While it is unavailable, there is a pause
///   between two queries.
/// * After a restart of the agent its index may be smaller than before. The next query has the index of the last answer.
/// * An agent that was unavailable may have been restarted: the next query has index 0.
pub async fn watch(store: &mut impl KvStore, mut changed: impl FnMut(Option<&str>)) {
    let mut index = 0;
    loop {
        match store.get(index).await {
            Ok(answer) => {
                index = answer.index;
                changed(answer.value.as_deref());
            }
            Err(Unavailable) => store.pause().await,
        }
    }
}
