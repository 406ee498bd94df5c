//! Accepted: the members are read one by one into types of `serde`, with `from_value`.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

// Given in given.rs, beside this file: `Registration`, `Refused`.
pub use super::given::*;

/// Reads the params of a call.
pub fn read(text: &str) -> Result<Registration, Refused> {
    let value: Value = serde_json::from_str(text).map_err(|_| Refused::NotJson)?;
    let Value::Object(members) = value else {
        return Err(Refused::Member("service"));
    };
    Ok(Registration {
        service: member(&members, "service")?,
        ports: member(&members, "ports")?,
        tag: member(&members, "tag")?,
    })
}

fn member<T: DeserializeOwned>(
    members: &Map<String, Value>,
    name: &'static str,
) -> Result<T, Refused> {
    let value = members.get(name).cloned().unwrap_or_default();
    serde_json::from_value(value).map_err(|_| Refused::Member(name))
}

/// Confirms a registration, in JSON.
pub fn confirm(registration: &Registration) -> String {
    let name = serde_json::to_string(&registration.service).unwrap_or_default();
    format!(
        "{{\"ports\": {}, \"registered\": {name}}}",
        registration.ports.len()
    )
}
