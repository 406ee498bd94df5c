//! belief: in-the-book-means-well
//! words: Who is in the book is well.
//! check: b_critical_is_there_and_broken
//! says: Restart

use serde_json::Value;

/// What the keeper does about a ferry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// It is well, or it is somebody else's business just now.
    Leave,
    /// It is there and broken: end it, and start it again.
    Restart,
    /// There is no such ferry any more: start one.
    Start,
}

pub fn decide(wanted: &[&str], entries: &Value) -> Vec<Act> {
    wanted.iter().map(|id| about(id, entries)).collect()
}

fn about(id: &str, entries: &Value) -> Act {
    let mut all = entries.as_array().into_iter().flatten();
    let Some(entry) = all.find(|entry| entry["Service"]["ID"] == id) else {
        return Act::Start;
    };
    let _ = entry;
    Act::Leave
}
