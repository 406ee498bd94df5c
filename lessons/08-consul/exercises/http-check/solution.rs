//! The agent reads the status and nothing else. Critical takes the instance out of the list of every caller, so it is
//! right only where the server cannot answer. A busy server that reports critical sends its load to the other
//! instances, which become busy in turn. 429 is the one status that means warning: the instance stays in the
//! catalog, and each caller decides. The worse state comes first, because a server without its database may be
//! busy as well.

// Given in given.rs, beside this file: `Load`.
pub use super::given::*;

/// What the server answers to `GET /health`.
pub fn health(load: &Load) -> (u16, String) {
    if !load.database_answers {
        return (503, "the database does not answer".to_string());
    }
    let Load {
        queued, capacity, ..
    } = load;
    let busy = 4 * queued >= 3 * capacity;
    let status = if busy { 429 } else { 200 };
    (
        status,
        format!("{queued} of {capacity} requests are queued"),
    )
}
