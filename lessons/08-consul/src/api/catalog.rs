//! `/v1/catalog`: all nodes and services, whatever their health, and how to write to them directly.
//!
//! Writing directly is for what no agent runs on: a database bought elsewhere. Nobody checks such an
//! entry, and nobody takes it away.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::call::{Answer, Call};
use crate::catalog::{Instance, Node};
use crate::decode::{Fields, Place};
use crate::definition::entry;
use crate::refused::Refused;
use crate::service::{Address, NoProxy, NodeService, Nothing, Weights};
use crate::store::Topic;

/// The data centres that this agent knows of: its own.
pub async fn datacenters(call: Call) -> Answer {
    call.answer(&[call.shared.datacenter])
}

/// All nodes.
pub async fn nodes(call: Call) -> Answer {
    call.block(Topic::Catalog, |state| state.catalog.nodes_index())
        .await?;
    let (index, nodes) = call
        .shared
        .store
        .read(|state| (state.catalog.nodes_index(), state.catalog.nodes()));
    let nodes = nodes
        .iter()
        .map(AsRef::<Node>::as_ref)
        .filter(|node| call.meta(node));
    call.indexed(index, &call.sieve(nodes)?)
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct NodeServices<'a> {
    node: &'a Node,
    services: BTreeMap<&'a str, NodeService<'a>>,
}

/// One node with its services; `null` for one that is not there.
pub async fn node(call: Call) -> Answer {
    let name = call.needed("node name")?;
    let index = |state: &crate::store::State| {
        let catalog = &state.catalog;
        // Nothing is known of a node that never was: index 1, as if nothing had ever happened.
        catalog
            .node(name)
            .map_or(0, |_| catalog.nodes_index().max(catalog.services_index()))
    };
    call.block(Topic::Catalog, index).await?;
    let (index, found) = call
        .shared
        .store
        .read(|state| (index(state), state.catalog.node(name)));
    let Some((node, services)) = &found else {
        return call.indexed(index, &());
    };
    let services = call.sieve(services.iter().map(|service| service.node_view()))?;
    let services = services
        .into_iter()
        .map(|service| (service.id, service))
        .collect();
    call.indexed(index, &NodeServices { node, services })
}

/// All names with their tags.
pub async fn services(call: Call) -> Answer {
    call.block(Topic::Catalog, |state| state.catalog.services_index())
        .await?;
    let (index, services) = call.shared.store.read(|state| {
        (
            state.catalog.services_index(),
            state.catalog.services(|node| call.meta(node)),
        )
    });
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

/// All instances of a service, well or not.
pub async fn service(call: Call) -> Answer {
    let name = call.needed("service name")?;
    call.block(Topic::Catalog, |state| state.catalog.service_index(name))
        .await?;
    let tags = call.all("tag");
    let (index, instances) = call.shared.store.read(|state| {
        (
            state.catalog.service_index(name),
            state.catalog.instances(name, &tags),
        )
    });
    let list = instances
        .iter()
        .filter(|instance| call.meta(&instance.node))
        .map(flat);
    call.indexed(index, &call.sieve(list)?)
}

fn flat(instance: &Instance) -> ServiceNode<'_> {
    let Instance { node, service, .. } = instance;
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
        service_meta: &service.meta,
        service_port: service.port,
        service_enable_tag_override: service.enable_tag_override,
        service_proxy: NoProxy::default(),
        service_connect: Nothing {},
        create_index: service.create_index,
        modify_index: service.modify_index,
    }
}

/// Writes a node, and on it a service and checks if they are given.
pub async fn register(call: Call) -> Answer {
    let mut fields = Fields::of(
        call.json()?,
        Place::Within("RegisterRequest"),
        "RegisterRequest",
    )?;
    let mut node = Node {
        id: fields.text("ID")?,
        name: fields.text("Node")?,
        address: fields.text("Address")?,
        datacenter: fields.text("Datacenter")?,
        tagged_addresses: Some(fields.map("TaggedAddresses")?).filter(|map| !map.is_empty()),
        meta: Some(fields.map("NodeMeta")?).filter(|map| !map.is_empty()),
        ..Node::default()
    };
    let skip_node = fields.flag("SkipNodeUpdate")?;
    let service = match fields.take("Service") {
        None => None,
        Some(value) => Some(entry::service(value)?),
    };
    let mut checks = Vec::new();
    if let Some(value) = fields.take("Check") {
        checks.push(entry::check(value, &node.name)?);
    }
    for value in fields.list("Checks", "structs.HealthChecks")? {
        checks.push(entry::check(value, &node.name)?);
    }
    fields.end()?;
    if node.name.is_empty() {
        return Err(Refused::internal("Must provide node"));
    }
    if node.address.is_empty() && !skip_node {
        return Err(Refused::internal(
            "Must provide address if SkipNodeUpdate is not set",
        ));
    }
    if !["", call.shared.datacenter].contains(&node.datacenter.as_str()) {
        return Err(Refused::internal("No path to datacenter"));
    }
    call.shared.datacenter.clone_into(&mut node.datacenter);

    let name = node.name.clone();
    call.shared.store.write(|state| {
        let known = state.catalog.node(&name);
        for check in checks
            .iter_mut()
            .filter(|check| !check.service_id.is_empty())
        {
            let there = known.iter().flat_map(|(_, services)| services);
            let mut there = there.map(Arc::as_ref).chain(&service);
            let Some(service) = there.find(|service| service.id == check.service_id) else {
                let words = "failed inserting check: Missing service registration on node";
                return Err(Refused::internal(format!("{words} {name:?}")));
            };
            check.service_name.clone_from(&service.name);
            check.service_tags.clone_from(&service.tags);
        }
        state.change(|catalog, index| {
            let mut changed = false;
            if known.is_none() || !skip_node {
                changed |= catalog.put_node(index, node);
            }
            if let Some(service) = service {
                changed |= catalog.put_service(index, &name, service);
            }
            for check in checks {
                changed |= catalog.put_check(index, check);
            }
            changed
        });
        Ok(())
    })?;
    call.answer(&true)
}

/// Takes a check, or a service, or a whole node away. What is not there is gone already.
pub async fn deregister(call: Call) -> Answer {
    let place = Place::Within("DeregisterRequest");
    let mut fields = Fields::of(call.json()?, place, "DeregisterRequest")?;
    let (node, datacenter) = (fields.text("Node")?, fields.text("Datacenter")?);
    let (service, check) = (fields.text("ServiceID")?, fields.text("CheckID")?);
    // Old clients send it. Nothing is found by it.
    fields.text("Address")?;
    fields.end()?;
    if node.is_empty() {
        return Err(Refused::internal("Must provide node"));
    }
    if !["", call.shared.datacenter].contains(&datacenter.as_str()) {
        return Err(Refused::internal("No path to datacenter"));
    }
    call.shared.store.write(|state| {
        state.change(|catalog, index| match (service.as_str(), check.as_str()) {
            ("", "") => catalog.remove_node(index, &node),
            ("", check) => catalog.remove_check(index, &node, check),
            (service, _) => catalog.remove_service(index, &node, service),
        });
    });
    call.answer(&true)
}

impl Call {
    /// Whether a node has all that `node-meta=key:value` asks for.
    fn meta(&self, node: &Node) -> bool {
        self.all("node-meta").iter().all(|wanted| {
            let (key, value) = wanted.split_once(':').unwrap_or((wanted, ""));
            node.meta
                .as_ref()
                .is_some_and(|meta| meta.get(key).is_some_and(|own| own == value))
        })
    }
}
