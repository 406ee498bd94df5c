//! Accepted: the query without `passing`, and the states of all checks of the instance compared here.

use std::net::SocketAddr;

use l08_consul::ask::{get, put};
use serde_json::json;

// Given in given.rs, beside this file: `Instance`, `ConsulError`, `accepted`.
pub use super::given::*;

/// Registers `instance` with the Consul agent that listens on `agent`.
pub async fn register(agent: SocketAddr, instance: &Instance) -> Result<(), ConsulError> {
    let Instance { name, id, addr } = instance;
    let check =
        json!({"HTTP": format!("http://{addr}/health"), "Interval": "5s", "Status": "critical"});
    let body =
        json!({"Name": name, "ID": id, "Address": addr.ip(), "Port": addr.port(), "Check": check});
    accepted(put(agent, "/v1/agent/service/register", &body.to_string()).await).map(drop)
}

/// Asks Consul whether this instance is healthy at the moment.
pub async fn is_healthy(agent: SocketAddr, instance: &Instance) -> Result<bool, ConsulError> {
    let path = format!("/v1/health/service/{}", instance.name);
    let list = accepted(get(agent, &path).await)?.json();
    let entry = (list.as_array().into_iter().flatten())
        .find(|entry| entry["Service"]["ID"].as_str() == Some(instance.id.as_str()));
    let checks = entry.and_then(|entry| entry["Checks"].as_array());
    Ok(checks.is_some_and(|checks| checks.iter().all(|check| check["Status"] == "passing")))
}
