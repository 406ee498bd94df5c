//! An instance as a value of gossip: JSON, under its id as the key.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::registries::bounds;
use crate::registry::{Error, Instance};

#[derive(Serialize, Deserialize)]
struct Value {
    name: String,
    version: String,
    addr: SocketAddr,
    metadata: BTreeMap<String, String>,
    /// In milliseconds: how long it stays once nothing is heard of who says this.
    ttl: u64,
}

/// The value for an instance.
pub fn of(instance: &Instance, ttl: Duration) -> Result<String, Error> {
    bounds::check(instance)?;
    bounds::ttl(ttl)?;
    let value = Value {
        name: instance.name.clone(),
        version: instance.version.clone(),
        addr: instance.addr,
        metadata: instance.metadata.clone(),
        // Less than a millisecond is one; a day of them fits.
        ttl: u64::try_from(ttl.as_millis().max(1)).unwrap_or(u64::MAX),
    };
    serde_json::to_string(&value).map_err(|why| Error::Invalid(why.to_string()))
}

/// The instance in a value, and its time to live.
///
/// # Errors
/// Says what is wrong with it: any node can have sent it.
pub fn read(id: &str, value: &str) -> Result<(Instance, Duration), String> {
    let value: Value = serde_json::from_str(value).map_err(|why| why.to_string())?;
    let instance = Instance {
        id: id.to_owned(),
        name: value.name,
        version: value.version,
        addr: value.addr,
        metadata: value.metadata,
    };
    bounds::check(&instance).map_err(|why| why.to_string())?;
    let ttl = Duration::from_millis(value.ttl);
    bounds::ttl(ttl).map_err(|why| why.to_string())?;
    Ok((instance, ttl))
}
