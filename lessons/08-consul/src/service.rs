//! A service: one instance of something that can be called, under a name that several may share.
//!
//! Consul shows the same service in three forms: the agent's own list, the list of a node, and the
//! catalog's list by name. They differ in names and order, so each has its own view below.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One instance. `id` is unique on its node, `name` is what callers ask for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are Consul's own and say it")]
pub struct Service {
    pub kind: String,
    pub id: String,
    pub name: String,
    pub tags: Vec<String>,
    pub meta: BTreeMap<String, String>,
    pub port: i64,
    pub address: String,
    pub tagged_addresses: BTreeMap<String, Address>,
    pub weights: Weights,
    pub enable_tag_override: bool,
    /// When it came, and when it last changed, in the catalog; 0 in the agent's own list.
    #[serde(skip)]
    pub create_index: u64,
    #[serde(skip)]
    pub modify_index: u64,
}

/// An address under another name, such as `lan_ipv4`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "the names are Consul's own and say it")]
pub struct Address {
    pub address: String,
    pub port: i64,
}

/// How much of the load an instance takes, by its state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "the names are Consul's own and say it")]
pub struct Weights {
    pub passing: i64,
    pub warning: i64,
}

impl Default for Weights {
    fn default() -> Weights {
        Weights {
            passing: 1,
            warning: 1,
        }
    }
}

impl Service {
    /// As `/v1/agent/services` shows it.
    pub fn agent_view(&self) -> AgentService<'_> {
        AgentService {
            kind: &self.kind,
            id: &self.id,
            service: &self.name,
            tags: &self.tags,
            meta: &self.meta,
            port: self.port,
            address: &self.address,
            tagged_addresses: &self.tagged_addresses,
            weights: &self.weights,
            enable_tag_override: self.enable_tag_override,
            content_hash: None,
        }
    }

    /// As the health endpoints and `/v1/catalog/node` show it.
    pub fn node_view(&self) -> NodeService<'_> {
        NodeService {
            kind: &self.kind,
            id: &self.id,
            service: &self.name,
            tags: &self.tags,
            address: &self.address,
            tagged_addresses: &self.tagged_addresses,
            meta: Some(&self.meta).filter(|meta| !meta.is_empty()),
            port: self.port,
            weights: &self.weights,
            enable_tag_override: self.enable_tag_override,
            proxy: NoProxy::default(),
            connect: Nothing {},
            create_index: self.create_index,
            modify_index: self.modify_index,
        }
    }
}

/// The agent's own list: an empty `Meta` is `{}`, and there are no indexes.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct AgentService<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    kind: &'a str,
    /// Unique on its node.
    #[serde(rename = "ID")]
    pub id: &'a str,
    service: &'a str,
    tags: &'a [String],
    meta: &'a BTreeMap<String, String>,
    port: i64,
    address: &'a str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    tagged_addresses: &'a BTreeMap<String, Address>,
    weights: &'a Weights,
    enable_tag_override: bool,
    /// Only when one service is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_hash: Option<String>,
}

/// A node's list: an empty `Meta` is `null`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct NodeService<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    kind: &'a str,
    /// Unique on its node.
    #[serde(rename = "ID")]
    pub id: &'a str,
    service: &'a str,
    tags: &'a [String],
    address: &'a str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    tagged_addresses: &'a BTreeMap<String, Address>,
    meta: Option<&'a BTreeMap<String, String>>,
    port: i64,
    weights: &'a Weights,
    enable_tag_override: bool,
    proxy: NoProxy,
    connect: Nothing,
    create_index: u64,
    modify_index: u64,
}

/// The shape that a service without a mesh proxy has; clients with typed answers expect the members.
#[derive(Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct NoProxy {
    mesh_gateway: Nothing,
    expose: Nothing,
}

/// `{}`
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Nothing {}
