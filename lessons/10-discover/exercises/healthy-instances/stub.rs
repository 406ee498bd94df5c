use std::net::SocketAddr;

use consulrs::api::exec_with_result;
use consulrs::client::ConsulClient;
use l10_discover::health::{HealthService, HealthyInstance};

// Given in given.rs, beside this file: `DiscoverError`, `dial`, `say_hello`.
pub use super::given::*;

/// Asks Consul for the healthy instances of `service`. Returns their addresses in ascending order.
///
/// * Healthy means that all checks pass, those of the instance and those of its node: the query parameter
///   `passing` of `GET /v1/health/service/:name`.
/// * `HealthyInstance::try_from(entry)` finds the address of an entry. An entry whose address cannot be
///   called is an `Err`, and is left out.
/// * If the query fails, the result is `RegistryUnavailable`. If no address is left, it is
///   `NoHealthyInstance`.
pub async fn healthy(
    consul: &ConsulClient,
    service: &str,
) -> Result<Vec<SocketAddr>, DiscoverError> {
    let endpoint = HealthService {
        name: service.to_string(),
        ..HealthService::default()
    };
    let answer = exec_with_result(consul, endpoint).await;
    let answer = answer.map_err(|_| DiscoverError::RegistryUnavailable)?;
    let first = answer.response[0].clone();
    let first = HealthyInstance::try_from(first).unwrap();
    Ok(vec![first.addr])
}

/// Greets `name` through the first of the healthy instances that accepts a connection, in the order of
/// `healthy`.
///
/// * An instance that refuses the connection is skipped. If all refuse, the result is `AllRefuse`.
/// * The first instance that accepts gets the call. Its status is the result, an error too (`Call`).
pub async fn greet(
    consul: &ConsulClient,
    service: &str,
    name: &str,
) -> Result<String, DiscoverError> {
    let addrs = healthy(consul, service).await?;
    let greeter = dial(addrs[0]).await.unwrap();
    say_hello(greeter, name).await.map_err(DiscoverError::Call)
}
