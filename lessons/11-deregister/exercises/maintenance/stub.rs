use serde_json::Value;

// Given in given.rs, beside this file: `Act`, `entry`, `checks`.
pub use super::given::*;

/// Decides for each of the `wanted` ids what a supervisor does about that instance. `entries` is Consul's answer to
/// `GET /v1/health/service/greeter`: all registered instances, in every state.
///
/// * An instance without an entry is started.
/// * An instance with a critical check does not work, and is restarted. A warning is no reason to restart.
/// * An instance in maintenance is left alone, whatever its other checks say: a person is working on it. Maintenance
///   is a critical check of Consul's own. Its `CheckID` is `_service_maintenance:ID` for an instance and
///   `_node_maintenance` for a whole node. Its texts are free.
///
/// Returns one act for each id, in the order of `wanted`.
pub fn decide(wanted: &[&str], entries: &Value) -> Vec<Act> {
    wanted.iter().map(|id| about(id, entries)).collect()
}

fn about(id: &str, entries: &Value) -> Act {
    let healthy = entry(entries, id)
        .is_some_and(|entry| checks(entry).all(|check| check["Status"] == "passing"));
    if healthy { Act::Leave } else { Act::Start }
}
