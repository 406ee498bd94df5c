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

/// The keeper looks into the phone book once a minute. `wanted` are the ids of the ferries that shall be there;
/// `entries` is what Consul answers to `GET /v1/health/service/ferry`: all of them, in whatever state.
///
/// A ferry that somebody has taken out of the list on purpose is left alone, whatever else is the matter with
/// it: there may be a person with a screwdriver in it.
///
/// Returns one act for each of `wanted`, in the same order.
pub fn decide(wanted: &[&str], entries: &Value) -> Vec<Act> {
    wanted
        .iter()
        .map(|id| {
            if is_healthy(entries, id) {
                Act::Leave
            } else {
                Act::Start
            }
        })
        .collect()
}

fn is_healthy(entries: &Value, id: &str) -> bool {
    let entries = entries.as_array().into_iter().flatten();
    let mut found = entries.filter(|entry| entry["Service"]["ID"] == id);
    found.any(|entry| {
        let mut checks = entry["Checks"].as_array().into_iter().flatten();
        checks.all(|check| check["Status"] == "passing")
    })
}
