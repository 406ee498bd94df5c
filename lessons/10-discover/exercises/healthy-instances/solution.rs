//! The parameter `passing` lets Consul choose, so that a caller needs no rule of its own for what healthy means. The
//! list may be some seconds old, because Consul finds out about a dead instance with its next check. A refused
//! connection is newer information: no call has run there, and the next instance can be dialled. After a
//! connection the call may have run, so its status is the result.

use std::net::SocketAddr;

use consulrs::api::exec_with_result;
use consulrs::client::ConsulClient;
use l10_discover::health::{HealthService, HealthyInstance};

// Given in given.rs, beside this file: `DiscoverError`, `dial`, `say_hello`.
pub use super::given::*;

/// Asks Consul for the healthy instances of `service`. Returns their addresses in ascending order.
pub async fn healthy(
    consul: &ConsulClient,
    service: &str,
) -> Result<Vec<SocketAddr>, DiscoverError> {
    let endpoint = HealthService {
        name: service.to_string(),
        passing: true,
        ..HealthService::default()
    };
    let answer = exec_with_result(consul, endpoint).await;
    let entries = answer
        .map_err(|_| DiscoverError::RegistryUnavailable)?
        .response;
    let instances = entries.into_iter().flat_map(HealthyInstance::try_from);
    let mut addrs: Vec<SocketAddr> = instances.map(|instance| instance.addr).collect();
    addrs.sort();
    if addrs.is_empty() {
        return Err(DiscoverError::NoHealthyInstance);
    }
    Ok(addrs)
}

/// Greets `name` through the first of the healthy instances that accepts a connection.
pub async fn greet(
    consul: &ConsulClient,
    service: &str,
    name: &str,
) -> Result<String, DiscoverError> {
    for addr in healthy(consul, service).await? {
        if let Ok(greeter) = dial(addr).await {
            return say_hello(greeter, name).await.map_err(DiscoverError::Call);
        }
    }
    Err(DiscoverError::AllRefuse)
}
