//! belief: broken-comes-first
//! words: What is broken has to be mended, whatever else.
//! check: e_broken_and_in_maintenance
//! says: screwdriver

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
    let broken = |check: &&Value| check["Status"] == "critical" && !is_maintenance(check);
    if checks().any(|check| broken(&check)) {
        return Act::Restart;
    }
    Act::Leave
}

/// Of this ferry, or of the machine that it is on.
fn is_maintenance(check: &Value) -> bool {
    let id = check["CheckID"].as_str().unwrap_or_default();
    id.starts_with("_service_maintenance:") || id == "_node_maintenance"
}
