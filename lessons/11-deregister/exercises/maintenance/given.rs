//! What is given in this exercise: the answer uses it and does not change it.

use serde_json::Value;

/// What a supervisor does about an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Nothing: callers get the instance, or a person has taken it out of service.
    Leave,
    /// The instance is registered and does not work: end it, and start it again.
    Restart,
    /// There is no such instance: start one.
    Start,
}

/// The entry with this id, in the answer of Consul.
pub fn entry<'a>(entries: &'a Value, id: &str) -> Option<&'a Value> {
    let mut all = entries.as_array().into_iter().flatten();
    all.find(|entry| entry["Service"]["ID"] == id)
}

/// The checks of an entry: those of the instance and those of its node. A check has a `CheckID`, a `Status` (`passing`,
/// `warning` or `critical`), and texts for people in `Name`, `Notes` and `Output`.
pub fn checks(entry: &Value) -> impl Iterator<Item = &Value> {
    entry["Checks"].as_array().into_iter().flatten()
}
