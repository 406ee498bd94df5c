//! A service: one instance of something that can be called, under a name that several may share.

use std::collections::BTreeMap;

use serde::Serialize;

/// One instance. `id` is unique on its node, `name` is what callers ask for.
///
/// The agent's own list shows it as it is here. In the catalog it has the members of [`InCatalog`] as
/// well, and an empty `Meta` is `null` there: Consul's own answers differ in this.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "the names are Consul's own and say it")]
pub struct Service {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kind: String,
    #[serde(rename = "ID")]
    pub id: String,
    #[serde(rename = "Service")]
    pub name: String,
    pub tags: Vec<String>,
    pub meta: Option<BTreeMap<String, String>>,
    pub port: i64,
    pub address: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tagged_addresses: BTreeMap<String, Address>,
    pub weights: Weights,
    pub enable_tag_override: bool,
    #[serde(flatten)]
    pub in_catalog: Option<InCatalog>,
}

/// A service in the catalog, with the indexes at which it was added and last changed.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "the names are Consul's own and say it")]
pub struct InCatalog {
    pub proxy: NoProxy,
    pub connect: Nothing,
    pub create_index: u64,
    pub modify_index: u64,
}

/// An address under another name, such as `lan_ipv4`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "the names are Consul's own and say it")]
pub struct Address {
    pub address: String,
    pub port: i64,
}

/// The weights of an instance, by its state: its share of the load.
#[derive(Clone, Debug, PartialEq, Serialize)]
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

/// The shape that a service without a mesh proxy has; clients with typed answers expect the members.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct NoProxy {
    mesh_gateway: Nothing,
    expose: Nothing,
}

/// `{}`
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Nothing {}
