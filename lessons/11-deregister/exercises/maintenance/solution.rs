//! Three things look the same to a caller, who finds no healthy ferry, and are three things to a keeper. No
//! entry: it has left, or was cleared away, so start one. A critical check: it is there and broken. A critical
//! check that Consul itself has put there: somebody wants it so, and whatever else is critical is probably
//! *why*. So that question comes first. It is answered by the id of the check, which Consul
//! chooses; its text is what a person has typed. Warning is not critical: callers still get it.

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
    let id = check["CheckID"].as_str().unwrap_or_default();
    id.starts_with("_service_maintenance:") || id == "_node_maintenance"
}
