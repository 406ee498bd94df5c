//! What a Consul says, read into the few things that the phone book shows.
//!
//! Four endpoints, which every Consul has and the readable agent of lesson 08 as well: the names of
//! the services (for its index), the nodes, the services of each node, and all checks.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::http::{Trouble, escaped, get, get_within};

/// Moves when a service comes, changes or goes.
pub const SERVICES: &str = "/v1/catalog/services";
/// Moves when a check comes, changes its state or goes.
pub const CHECKS: &str = "/v1/health/state/any";
const NODES: &str = "/v1/catalog/nodes";
const LEADER: &str = "/v1/status/leader";
/// Nodes that are read. The labs have three.
const MOST_NODES: usize = 100;
/// A Consul that is well answers this in a millisecond.
const PULSE: Duration = Duration::from_secs(2);
/// While services change all the time, some reading must be good enough.
const ATTEMPTS: usize = 3;

/// All of it, as of one moment.
#[derive(Debug, Default)]
pub struct Reading {
    /// The index of [`SERVICES`].
    pub services_index: u64,
    /// The index of [`CHECKS`].
    pub checks_index: u64,
    /// By the name of the node.
    pub services: Vec<(NodeEntry, Vec<ServiceEntry>)>,
    /// Of nodes and services.
    pub checks: Vec<CheckEntry>,
    /// Nodes that were not read: there are too many, or Consul did not tell.
    pub nodes_left_out: usize,
}

/// Consul says `null` where nothing is: for a text that is "", for a list an empty one.
fn or_default<'de, D, T>(value: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(value)?.unwrap_or_default())
}

/// A node.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct NodeEntry {
    /// Its name.
    #[serde(rename = "Node", deserialize_with = "or_default")]
    pub name: String,
    /// Where services are that have no address of their own.
    #[serde(deserialize_with = "or_default")]
    pub address: String,
}

/// A service on a node: one instance.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct ServiceEntry {
    /// Unique on its node.
    #[serde(rename = "ID", deserialize_with = "or_default")]
    pub id: String,
    /// What callers ask for.
    #[serde(rename = "Service", deserialize_with = "or_default")]
    pub name: String,
    /// "": that of its node.
    #[serde(deserialize_with = "or_default")]
    pub address: String,
    /// Consul accepts -1 and 99999 as well.
    #[serde(deserialize_with = "or_default")]
    pub port: i64,
    /// In the order in which they were given.
    #[serde(deserialize_with = "or_default")]
    pub tags: Vec<String>,
}

/// A check.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct CheckEntry {
    /// Where it is.
    #[serde(deserialize_with = "or_default")]
    pub node: String,
    /// Unique on its node.
    #[serde(rename = "CheckID", deserialize_with = "or_default")]
    pub id: String,
    /// For people.
    #[serde(deserialize_with = "or_default")]
    pub name: String,
    /// `passing`, `warning`, `critical`.
    #[serde(deserialize_with = "or_default")]
    pub status: String,
    /// For people; of maintenance, the reason.
    #[serde(deserialize_with = "or_default")]
    pub notes: String,
    /// What it saw.
    #[serde(deserialize_with = "or_default")]
    pub output: String,
    /// "": it is a check of the node.
    #[serde(rename = "ServiceID", deserialize_with = "or_default")]
    pub service: String,
    /// `tcp`, `http`, `grpc`, `ttl`, `script`, `maintenance`, or "".
    #[serde(rename = "Type", deserialize_with = "or_default")]
    pub kind: String,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct OfNode {
    #[serde(deserialize_with = "or_default")]
    services: BTreeMap<String, ServiceEntry>,
}

/// Reads everything.
///
/// A service and its checks come with two requests. If the services have changed between, the two
/// do not belong together, and a service would be shown without its check for a moment: so their
/// index is asked for again at the end.
///
/// # Errors
/// See [`Trouble`].
pub async fn read(addr: SocketAddr) -> Result<Reading, Trouble> {
    // Whoever does not answer this will not answer the rest, and it has the shorter deadline.
    pulse(addr).await?;
    let mut before = get(addr, SERVICES).await?.index;
    for attempt in 1.. {
        let mut reading = Reading {
            services_index: before,
            ..Reading::default()
        };
        let nodes: Vec<NodeEntry> = parsed(&get(addr, NODES).await?.body)?;
        reading.nodes_left_out = nodes.len().saturating_sub(MOST_NODES);
        for node in nodes.into_iter().take(MOST_NODES) {
            let path = format!("/v1/catalog/node/{}", escaped(&node.name));
            match get(addr, &path).await {
                // `null`, if it has gone since.
                Ok(answer) => {
                    let of: Option<OfNode> = parsed(&answer.body)?;
                    let services = of.unwrap_or_default().services.into_values().collect();
                    reading.services.push((node, services));
                }
                // A node with a name that no path can hold, such as "..".
                Err(Trouble::Status(300..=499)) => reading.nodes_left_out += 1,
                Err(trouble) => return Err(trouble),
            }
        }
        let checks = get(addr, CHECKS).await?;
        reading.checks_index = checks.index;
        reading.checks = parsed(&checks.body)?;
        let after = get(addr, SERVICES).await?.index;
        if after == before || attempt >= ATTEMPTS {
            if before == 0 {
                return Err(Trouble::Strange("it has no X-Consul-Index"));
            }
            return Ok(reading);
        }
        before = after;
    }
    Err(Trouble::Strange("the services change all the time"))
}

/// Whether it still answers. A process that was stopped keeps its connections and says nothing.
///
/// # Errors
/// See [`Trouble`].
pub async fn pulse(addr: SocketAddr) -> Result<(), Trouble> {
    get_within(addr, LEADER, PULSE).await.map(|_| ())
}

fn parsed<T: DeserializeOwned + Default>(body: &[u8]) -> Result<T, Trouble> {
    let value: Option<T> = serde_json::from_slice(body)
        .map_err(|_| Trouble::Strange("the answer is not the JSON of a Consul"))?;
    Ok(value.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nulls_and_unknown_members_are_fine_and_wrong_types_are_not() {
        let text = r#"{"Node":{"Node":"n"},"Services":{"a":{"ID":"a","Service":"s","Tags":null,
            "Meta":null,"Port":-1,"Address":null,"New":[1]}}}"#;
        let of: OfNode = parsed(text.as_bytes()).expect("good");
        let service = &of.services["a"];
        assert_eq!((service.port, service.tags.len()), (-1, 0));
        assert!(parsed::<Vec<CheckEntry>>(b"null").expect("none").is_empty());
        for text in [
            "",
            "{",
            "[{\"Node\":7}]",
            "{}",
            "<html>",
            "[] []",
            "[{\"Node\":\"\u{0}\"}]",
        ] {
            let read = parsed::<Vec<CheckEntry>>(text.as_bytes());
            assert!(matches!(read, Err(Trouble::Strange(_))), "{text}");
        }
        let deep = "[".repeat(100_000);
        assert!(parsed::<Vec<CheckEntry>>(deep.as_bytes()).is_err());
    }
}
