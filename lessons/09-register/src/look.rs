//! Lists the instances that the agent has under a name, with the states of their checks, for the demo and the
//! command line. Callers ask differently; that is lesson 10.

use std::collections::BTreeMap;

use crate::registry::{Error, Registry};

/// One check of one instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// `passing`, `warning` or `critical`.
    pub status: String,
    /// What the last attempt said; empty before the first.
    pub output: String,
}

/// The checks of each instance, under the instance's id and the kind of the check.
pub type States = BTreeMap<String, BTreeMap<String, Seen>>;

// ANCHOR: states
/// Returns the states of all instances of `name` that have a check.
pub async fn states(registry: &Registry, name: &str) -> Result<States, Error> {
    // The list of checks, and not that of services: consulrs cannot decode the latter.
    let call = consulrs::check::list(registry.client(), None);
    let mut states = States::new();
    for check in registry.in_time(call).await?.into_values() {
        if check.service_name.as_deref() == Some(name) {
            let text = |member: Option<String>| member.unwrap_or_default();
            let of_instance = states.entry(text(check.service_id)).or_default();
            let (status, output) = (text(check.status), text(check.output));
            of_instance.insert(text(check.ty), Seen { status, output });
        }
    }
    Ok(states)
}
// ANCHOR_END: states
