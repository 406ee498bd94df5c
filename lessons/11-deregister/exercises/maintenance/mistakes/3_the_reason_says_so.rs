//! belief: the-reason-says-so
//! words: The words of a check say what it is.
//! check: c_the_reason_is_free_text
//! says: what a person has typed

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
    let checks = || entry["Checks"].as_array().into_iter().flatten();
    if checks().any(is_maintenance) {
        return Act::Leave;
    }
    if checks().any(|check| check["Status"] == "critical") {
        return Act::Restart;
    }
    Act::Leave
}

/// Of this ferry, or of the machine that it is on.
fn is_maintenance(check: &Value) -> bool {
    let notes = check["Notes"].as_str().unwrap_or_default();
    notes.to_lowercase().contains("maintenance")
}
