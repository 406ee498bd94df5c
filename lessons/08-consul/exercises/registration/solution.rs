//! Consul lists a service without a check as passing, because no result says otherwise. A check makes the
//! registration a claim that Consul verifies: critical until the first result, and then what the last result
//! says. The id is what a second registration would replace, so two instances need two of them. A refusal
//! comes as an HTTP answer, so the status has to be read before the call counts as a success.

use std::net::SocketAddr;

use l08_consul::ask::{get, put};
use serde_json::json;

// Given in given.rs, beside this file: `Instance`, `ConsulError`, `accepted`.
pub use super::given::*;

/// Registers `instance` with the Consul agent that listens on `agent`.
pub async fn register(agent: SocketAddr, instance: &Instance) -> Result<(), ConsulError> {
    let body = json!({
        "Name": instance.name,
        "ID": instance.id,
        "Address": instance.addr.ip(),
        "Port": instance.addr.port(),
        "Check": {
            "HTTP": format!("http://{}/health", instance.addr),
            "Interval": "5s",
        },
    });
    let answer = put(agent, "/v1/agent/service/register", &body.to_string()).await;
    accepted(answer)?;
    Ok(())
}

/// Asks Consul whether this instance is healthy at the moment.
pub async fn is_healthy(agent: SocketAddr, instance: &Instance) -> Result<bool, ConsulError> {
    let path = format!("/v1/health/service/{}?passing", instance.name);
    let answer = accepted(get(agent, &path).await)?;
    let entries = answer.json();
    let entries = entries.as_array().map_or(&[][..], Vec::as_slice);
    Ok(entries
        .iter()
        .any(|entry| entry["Service"]["ID"] == instance.id))
}
