//! Accepted: all facts about an instance are collected first, and one `match` decides.

use serde_json::Value;

// Given in given.rs, beside this file: `Act`, `entry`, `checks`.
pub use super::given::*;

pub fn decide(wanted: &[&str], entries: &Value) -> Vec<Act> {
    let mut acts = Vec::new();
    for id in wanted {
        let mut maintenance = false;
        let mut critical = false;
        let found = entry(entries, id);
        for check in found.into_iter().flat_map(checks) {
            let own = format!("_service_maintenance:{id}");
            maintenance |=
                check["CheckID"] == own.as_str() || check["CheckID"] == "_node_maintenance";
            critical |= check["Status"] == "critical";
        }
        acts.push(match (found, maintenance, critical) {
            (None, _, _) => Act::Start,
            (Some(_), false, true) => Act::Restart,
            (Some(_), _, _) => Act::Leave,
        });
    }
    acts
}
