//! The parts of a service's definition that have rules of their own: metadata, weights, addresses.

use std::collections::BTreeMap;

use serde_json::Value;

use super::decode::{Fields, Member};
use crate::refused::Refused;
use crate::service::{Address, Weights};

/// Meta is copied to every caller who asks, so it is short, and its names are plain.
pub fn judge_meta(meta: &BTreeMap<String, String>) -> Result<(), Refused> {
    if meta.len() > 64 {
        return Err(Refused::bad(
            "Invalid Service Meta: Node metadata cannot contain more than 64 key/value pairs",
        ));
    }
    for (key, value) in meta {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let why = if key.is_empty() {
            "Key cannot be blank"
        } else if !key.chars().all(plain) {
            "Key contains invalid characters"
        } else if key.len() > 128 {
            "Key is too long (limit: 128 characters)"
        } else if key.starts_with("consul-") {
            "Key prefix 'consul-' is reserved for internal use"
        } else if value.len() > 512 {
            "Value is too long (limit: 512 characters)"
        } else {
            continue;
        };
        let pair = format!("Couldn't load metadata pair ('{key}', '{value}')");
        return Err(Refused::bad(format!("Invalid Service Meta: {pair}: {why}")));
    }
    Ok(())
}

/// The share of an instance must be one.
pub fn judge_weights(weights: &Weights) -> Result<(), Refused> {
    let why = match weights {
        Weights { passing: ..1, .. } => "Passing must be greater than 0",
        Weights { warning: ..0, .. } => "Warning must be greater or equal than 0",
        Weights {
            passing: ..65536,
            warning: ..65536,
        } => return Ok(()),
        _ => "DNS Weight must be between 0 and 65535",
    };
    Err(Refused::bad(format!("Invalid Weights: {why}")))
}

impl Member for Weights {
    fn read(value: Value) -> Result<Weights, Refused> {
        let mut fields = Fields::of(value)?;
        let (passing, warning) = (fields.get("Passing")?, fields.get("Warning")?);
        fields.end()?;
        Ok(Weights { passing, warning })
    }
}

impl Member for Address {
    fn read(value: Value) -> Result<Address, Refused> {
        let mut fields = Fields::of(value)?;
        let (address, port) = (fields.get("Address")?, fields.get("Port")?);
        fields.end()?;
        Ok(Address { address, port })
    }
}
