//! Accepted: a list of checks in place of one, the status read by hand, and a loop in place of an iterator.

use std::net::SocketAddr;

use l08_consul::ask::{Answer, ask};
use serde_json::{Value, json};

// Given in given.rs, beside this file: `Instance`, `ConsulError`, `accepted`.
pub use super::given::*;

async fn send(
    agent: SocketAddr,
    method: &str,
    path: &str,
    body: &str,
) -> Result<Answer, ConsulError> {
    match ask(agent, method, path, body).await {
        Ok(answer) if answer.status == 200 => Ok(answer),
        Ok(answer) => Err(ConsulError::Refused(answer.body)),
        Err(_) => Err(ConsulError::Unavailable),
    }
}

/// Registers `instance` with the Consul agent that listens on `agent`.
pub async fn register(agent: SocketAddr, instance: &Instance) -> Result<(), ConsulError> {
    let url = format!("http://{}/health", instance.addr);
    let checks = [json!({"Name": "health", "HTTP": url, "Interval": "5000ms", "Timeout": "1s"})];
    let body = json!({
        "ID": instance.id,
        "Name": instance.name,
        "Address": instance.addr.ip().to_string(),
        "Port": instance.addr.port(),
        "Checks": checks,
    });
    send(
        agent,
        "PUT",
        "/v1/agent/service/register",
        &body.to_string(),
    )
    .await?;
    Ok(())
}

/// Asks Consul whether this instance is healthy at the moment.
pub async fn is_healthy(agent: SocketAddr, instance: &Instance) -> Result<bool, ConsulError> {
    let path = format!("/v1/health/service/{}?passing=true", instance.name);
    let list: Vec<Value> =
        serde_json::from_str(&send(agent, "GET", &path, "").await?.body).unwrap_or_default();
    for entry in list {
        if entry["Service"]["ID"].as_str() == Some(&instance.id) {
            return Ok(true);
        }
    }
    Ok(false)
}
