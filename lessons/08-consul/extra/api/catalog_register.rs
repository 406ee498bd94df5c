//! `/v1/catalog/register` and `deregister`: how to write to the catalog directly, past any agent.
//!
//! This is for what no agent runs on: a database bought elsewhere. No agent checks such an entry, and
//! none removes it. Entries come in the shape in which the catalog shows them, so clients send back
//! what they read, with members that are not theirs to set: these are read and left out of account.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use crate::api::call::{Answer, Call};
use crate::catalog::Node;
use crate::check::{Check, Status};
use crate::definition;
use crate::extra::decode::Fields;
use crate::extra::decode::is_zero;
use crate::refused::Refused;
use crate::service::{Service, Weights};

/// Writes a node, and on it a service and checks if they are given.
pub async fn register(call: Call) -> Answer {
    let mut fields = Fields::of(call.json()?)?;
    let given = |map: BTreeMap<_, _>| Some(map).filter(|map| !map.is_empty());
    let mut node = Node {
        id: fields.get("ID")?,
        name: fields.get("Node")?,
        address: fields.get("Address")?,
        datacenter: fields.get("Datacenter")?,
        tagged_addresses: given(fields.get("TaggedAddresses")?),
        meta: given(fields.get("NodeMeta")?),
        ..Node::default()
    };
    let skip_node: bool = fields.get("SkipNodeUpdate")?;
    let service = fields.take("Service").map(service).transpose()?;
    let mut checks = Vec::new();
    if let Some(value) = fields.take("Check") {
        checks.push(check(value, &node.name)?);
    }
    for value in fields.get::<Vec<Value>>("Checks")? {
        checks.push(check(value, &node.name)?);
    }
    fields.end()?;
    judge(&call, &node.name, &node.datacenter)?;
    if node.address.is_empty() && !skip_node {
        let words = "Must provide address if SkipNodeUpdate is not set";
        return Err(Refused::internal(words));
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
    let mut fields = Fields::of(call.json()?)?;
    let [node, datacenter]: [String; 2] = [fields.get("Node")?, fields.get("Datacenter")?];
    let [service, check]: [String; 2] = [fields.get("ServiceID")?, fields.get("CheckID")?];
    // Old clients send it. Nothing is found by it.
    fields.get::<String>("Address")?;
    fields.end()?;
    judge(&call, &node, &datacenter)?;
    call.shared.store.write(|state| {
        state.change(|catalog, index| match (service.as_str(), check.as_str()) {
            ("", "") => catalog.remove_node(index, &node),
            ("", check) => catalog.remove_check(index, &node, check),
            (service, _) => catalog.remove_service(index, &node, service),
        });
    });
    call.answer(&true)
}

fn judge(call: &Call, node: &str, datacenter: &str) -> Result<(), Refused> {
    if node.is_empty() {
        return Err(Refused::internal("Must provide node"));
    }
    if !["", call.shared.datacenter].contains(&datacenter) {
        return Err(Refused::internal("No path to datacenter"));
    }
    Ok(())
}

fn service(value: Value) -> Result<Service, Refused> {
    let mut fields = Fields::of(value)?;
    let mut service = definition::service(&mut fields, "Service")?;
    for theirs in ["Proxy", "Connect", "CreateIndex", "ModifyIndex"] {
        fields.take(theirs);
    }
    fields.end()?;
    if service.name.is_empty() {
        return Err(Refused::internal(
            "failed inserting service: failed inserting service: object missing primary index",
        ));
    }
    if service.id.is_empty() {
        service.id.clone_from(&service.name);
    }
    if (service.weights.passing, service.weights.warning) == (0, 0) {
        service.weights = Weights::default();
    }
    Ok(service)
}

/// A check that no agent runs: it says what its writer last wrote.
fn check(value: Value, node: &str) -> Result<Check, Refused> {
    let mut fields = Fields::of(value)?;
    let status: String = fields.get("Status")?;
    let named: String = fields.get("Node")?;
    let mut check = Check {
        node: node.to_owned(),
        check_id: fields.get("CheckID")?,
        name: fields.get("Name")?,
        notes: fields.get("Notes")?,
        output: fields.get("Output")?,
        service_id: fields.get("ServiceID")?,
        ..Check::default()
    };
    let definition: BTreeMap<String, Value> = fields.get("Definition")?;
    for theirs in [
        "ServiceName",
        "ServiceTags",
        "Type",
        "CreateIndex",
        "ModifyIndex",
    ] {
        fields.take(theirs);
    }
    fields.end()?;
    if !definition.values().all(is_zero) {
        let what = "Definition: a check that another program is to run";
        return Err(Refused::not_here(what));
    }
    if !named.is_empty() && named != node {
        let words = format!("check node {named:?} does not match node {node:?}");
        return Err(Refused::internal(words));
    }
    if check.check_id.is_empty() {
        check.check_id.clone_from(&check.name);
    }
    if check.check_id.is_empty() {
        return Err(Refused::internal(format!(
            "failed inserting check: failed inserting check: object missing primary index on node \
             {node:?}"
        )));
    }
    check.status = match status.as_str() {
        "" => Status::Critical,
        text => Status::parse(text).ok_or_else(|| Refused::bad("Bad check status"))?,
    };
    Ok(check)
}
