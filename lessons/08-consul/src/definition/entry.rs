//! Entries that somebody writes into the catalog directly, past any agent.
//!
//! They come in the shape in which the catalog shows them, so clients send back what they read, with
//! members that are not theirs to set. These are read and left out of account.

use serde_json::Value;

use super::check::is_zero;
use super::{addresses, weights};
use crate::check::{Check, Status};
use crate::decode::{Fields, Place};
use crate::refused::Refused;
use crate::service::{Service, Weights};

/// A service.
pub fn service(value: Value) -> Result<Service, Refused> {
    let place = Place::Within("NodeService.Service");
    let mut fields = Fields::of(value, place, "structs.NodeService")?;
    let mut service = Service {
        kind: fields.text("Kind")?,
        id: fields.text("ID")?,
        name: fields.text("Service")?,
        tags: fields.texts("Tags")?,
        address: fields.text("Address")?,
        tagged_addresses: addresses(&mut fields)?,
        meta: fields.map("Meta")?,
        port: fields.whole("Port")?.unwrap_or(0),
        weights: weights(&mut fields)?,
        enable_tag_override: fields.flag("EnableTagOverride")?,
        ..Service::default()
    };
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

/// A check, which nobody runs: it says what its writer last wrote.
pub fn check(value: Value, node: &str) -> Result<Check, Refused> {
    let place = Place::Within("HealthCheck.Check");
    let mut fields = Fields::of(value, place, "structs.HealthCheck")?;
    let status = fields.text("Status")?;
    let named = fields.text("Node")?;
    let mut check = Check {
        node: node.to_owned(),
        check_id: fields.text("CheckID")?,
        name: fields.text("Name")?,
        notes: fields.text("Notes")?,
        output: fields.text("Output")?,
        service_id: fields.text("ServiceID")?,
        ..Check::default()
    };
    let definition = fields.object("Definition", "structs.HealthCheckDefinition")?;
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
        return Err(Refused::not_here(
            "Definition: a check that somebody else is to run",
        ));
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
