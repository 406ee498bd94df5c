//! JSON is a grammar. White space, the order of members and the ways to write one character do not change the
//! meaning, and only a parser knows all of them. So the text becomes a `Value` first, and the members are looked up
//! in it. "Not JSON" and "JSON without this member" stay two different errors, and unknown members do no harm.
//! `serde_json` writes the reply as well, because a quote in the name would otherwise end the string.
//! (`#[derive(Deserialize)]` reads the same members in fewer lines, but names a wrong member only in its message.)

use serde_json::{Value, json};

// Given in given.rs, beside this file: `Registration`, `Refused`.
pub use super::given::*;

/// Reads the params of a call.
pub fn read(text: &str) -> Result<Registration, Refused> {
    let value: Value = serde_json::from_str(text).map_err(|_| Refused::NotJson)?;
    let service = value["service"].as_str();
    let service = service.ok_or(Refused::Member("service"))?;
    let ports = value["ports"].as_array().ok_or(Refused::Member("ports"))?;
    let ports = ports.iter().map(|port| u16::try_from(port.as_u64()?).ok());
    let ports: Option<Vec<u16>> = ports.collect();
    let tag = match &value["tag"] {
        Value::Null => None,
        Value::String(tag) => Some(tag.clone()),
        _ => return Err(Refused::Member("tag")),
    };
    Ok(Registration {
        service: service.to_string(),
        ports: ports.ok_or(Refused::Member("ports"))?,
        tag,
    })
}

/// Confirms a registration, in JSON.
pub fn confirm(registration: &Registration) -> String {
    let ports = registration.ports.len();
    json!({"registered": registration.service, "ports": ports}).to_string()
}
