//! `/v1/catalog`: all nodes and services, whatever their health.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::api::call::{Answer, Call};
use crate::catalog::{Instance, Node};
use crate::service::{Address, NoProxy, Nothing, Service, Weights};
use crate::store::{State, Topic};

/// The data centres that this agent knows of: its own.
pub async fn datacenters(call: Call) -> Answer {
    call.answer(&[call.shared.datacenter])
}

/// All nodes.
pub async fn nodes(call: Call) -> Answer {
    let index = |state: &State| state.catalog.nodes_index();
    let look = |state: &State| state.catalog.nodes();
    let (index, nodes) = call.ask(Topic::Catalog, index, look).await?;
    let nodes = nodes.iter().map(AsRef::as_ref);
    call.indexed(
        index,
        &nodes.filter(|node| call.meta(node)).collect::<Vec<&Node>>(),
    )
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct NodeServices<'a> {
    node: &'a Node,
    services: BTreeMap<&'a str, &'a Service>,
}

/// One node with its services; `null` for one that is not there.
pub async fn node(call: Call) -> Answer {
    let name = call.needed("node name")?;
    let index = |state: &State| {
        let catalog = &state.catalog;
        // Nothing is known of a node that never was: index 1, as if nothing had ever happened.
        catalog
            .node(name)
            .map_or(0, |_| catalog.nodes_index().max(catalog.services_index()))
    };
    let look = |state: &State| state.catalog.node(name);
    let (index, found) = call.ask(Topic::Catalog, index, look).await?;
    let found = found.as_ref().map(|(node, services)| NodeServices {
        node,
        services: services
            .iter()
            .map(|s| (s.id.as_str(), s.as_ref()))
            .collect(),
    });
    call.indexed(index, &found)
}

/// All names with their tags.
pub async fn services(call: Call) -> Answer {
    let index = |state: &State| state.catalog.services_index();
    let look = |state: &State| state.catalog.services(|node| call.meta(node));
    let (index, services) = call.ask(Topic::Catalog, index, look).await?;
    call.indexed(index, &services)
}

/// One instance, flat: the members of the node, and those of the service with `Service` before them.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ServiceNode<'a> {
    #[serde(rename = "ID")]
    id: &'a str,
    node: &'a str,
    address: &'a str,
    datacenter: &'a str,
    tagged_addresses: &'a Option<BTreeMap<String, String>>,
    node_meta: &'a Option<BTreeMap<String, String>>,
    service_kind: &'a str,
    #[serde(rename = "ServiceID")]
    service_id: &'a str,
    service_name: &'a str,
    service_tags: &'a [String],
    service_address: &'a str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    service_tagged_addresses: &'a BTreeMap<String, Address>,
    service_weights: &'a Weights,
    service_meta: &'a BTreeMap<String, String>,
    service_port: i64,
    service_enable_tag_override: bool,
    service_proxy: NoProxy,
    service_connect: Nothing,
    create_index: u64,
    modify_index: u64,
}

static NO_META: BTreeMap<String, String> = BTreeMap::new();

/// All instances of a service, well or not.
pub async fn service(call: Call) -> Answer {
    let name = call.needed("service name")?;
    let tags = call.all("tag");
    let index = |state: &State| state.catalog.service_index(name);
    let look = |state: &State| state.catalog.instances(name, &tags);
    let (index, instances) = call.ask(Topic::Catalog, index, look).await?;
    let wanted = instances
        .iter()
        .filter(|instance| call.meta(&instance.node));
    call.indexed(index, &wanted.map(flat).collect::<Vec<_>>())
}

fn flat(instance: &Instance) -> ServiceNode<'_> {
    let Instance { node, service, .. } = instance;
    let (create_index, modify_index) = match &service.in_catalog {
        Some(entry) => (entry.create_index, entry.modify_index),
        None => (0, 0),
    };
    ServiceNode {
        id: &node.id,
        node: &node.name,
        address: &node.address,
        datacenter: &node.datacenter,
        tagged_addresses: &node.tagged_addresses,
        node_meta: &node.meta,
        service_kind: &service.kind,
        service_id: &service.id,
        service_name: &service.name,
        service_tags: &service.tags,
        service_address: &service.address,
        service_tagged_addresses: &service.tagged_addresses,
        service_weights: &service.weights,
        service_meta: service.meta.as_ref().unwrap_or(&NO_META),
        service_port: service.port,
        service_enable_tag_override: service.enable_tag_override,
        service_proxy: NoProxy::default(),
        service_connect: Nothing {},
        create_index,
        modify_index,
    }
}

impl Call {
    /// Returns whether a node has all that `node-meta=key:value` asks for.
    fn meta(&self, node: &Node) -> bool {
        self.all("node-meta").iter().all(|wanted| {
            let (key, value) = wanted.split_once(':').unwrap_or((wanted, ""));
            node.meta
                .as_ref()
                .is_some_and(|meta| meta.get(key).is_some_and(|own| own == value))
        })
    }
}
