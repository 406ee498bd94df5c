//! A caller finds no healthy instance in three cases, and a supervisor has to tell them apart. Without an entry the
//! instance has left or was removed: start one. With a critical check it is registered and does not work. With Consul's own
//! maintenance check a person wants it so, and what else is critical is probably the reason. So that question comes
//! first. The `CheckID` answers it, because Consul chooses it; the texts are what a person has typed. An instance
//! with a warning is not critical: callers still get it.

use serde_json::Value;

// Given in given.rs, beside this file: `Act`, `entry`, `checks`.
pub use super::given::*;

pub fn decide(wanted: &[&str], entries: &Value) -> Vec<Act> {
    wanted.iter().map(|id| about(id, entries)).collect()
}

fn about(id: &str, entries: &Value) -> Act {
    let Some(entry) = entry(entries, id) else {
        return Act::Start;
    };
    if checks(entry).any(is_maintenance) {
        return Act::Leave;
    }
    if checks(entry).any(|check| check["Status"] == "critical") {
        return Act::Restart;
    }
    Act::Leave
}

/// Of the instance, or of its node.
fn is_maintenance(check: &Value) -> bool {
    let id = check["CheckID"].as_str().unwrap_or_default();
    id.starts_with("_service_maintenance:") || id == "_node_maintenance"
}
