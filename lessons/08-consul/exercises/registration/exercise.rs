use std::net::SocketAddr;

use l08_consul::ask::{get, put};
use serde_json::json;

// Given in given.rs, beside this file: `Instance`, `ConsulError`, `accepted`.
pub use super::given::*;

/// Registers `instance` with the Consul agent that listens on `agent`.
///
/// * Several instances of a service have the same name. Each is registered under its own id, the field `ID`.
/// * The registration has an HTTP check: every 5 s Consul sends `GET /health` to the instance. Its status
///   decides: the instance is healthy after a 2xx, and unhealthy after 503, or when no server listens.
/// * Before the first check the instance is not healthy.
/// * The check needs no `Timeout`: Consul waits 10 s for an answer. One of your own is 1 s or more.
/// * If no answer comes, the result is `Unavailable`. An answer with another status than 200 is `Refused`.
pub async fn register(agent: SocketAddr, instance: &Instance) -> Result<(), ConsulError> {
    let body = json!({
        "Name": instance.name,
        "Address": instance.addr.ip(),
        "Port": instance.addr.port(),
    });
    let answer = put(agent, "/v1/agent/service/register", &body.to_string()).await;
    answer.map_err(|_| ConsulError::Unavailable)?;
    Ok(())
}

/// Asks Consul whether this instance is healthy at the moment.
///
/// * Healthy means that all checks pass, those of the instance and those of its node: the query parameter
///   `passing` of `GET /v1/health/service/:name`.
/// * The answer is a list of all such instances of the service. The id of an entry is `entry["Service"]["ID"]`.
/// * An instance that is not listed is not healthy. Errors are those of `register`.
pub async fn is_healthy(agent: SocketAddr, instance: &Instance) -> Result<bool, ConsulError> {
    let path = format!("/v1/health/service/{}", instance.name);
    let answer = accepted(get(agent, &path).await)?;
    let entries = answer.json();
    let entries = entries.as_array().map_or(&[][..], Vec::as_slice);
    Ok(!entries.is_empty())
}
