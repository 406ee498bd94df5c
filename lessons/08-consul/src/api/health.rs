//! `/v1/health`: who is there, and who of them is well.

use std::sync::Arc;

use serde::Serialize;

use super::call::{Answer, Call};
use crate::catalog::{Instance, Node};
use crate::check::{Check, Status};
use crate::refused::Refused;
use crate::service::Service;
use crate::store::{State, Topic};

/// One instance, as a caller needs it: where, what, and how it is.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Entry<'a> {
    node: &'a Node,
    service: &'a Service,
    checks: Vec<&'a Check>,
}

/// The endpoint that discovery is made of. `passing` leaves out whoever has one check that is not.
pub async fn service(call: Call) -> Answer {
    let name = call.needed("service name")?;
    let passing = match call.get("passing") {
        "" => call.has("passing"),
        "1" | "t" | "T" | "true" | "TRUE" | "True" => true,
        "0" | "f" | "F" | "false" | "FALSE" | "False" => false,
        _ => return Err(Refused::bad("Invalid value for ?passing")),
    };
    let tags = call.all("tag");
    let index = |state: &State| state.catalog.service_index(name);
    let look = |state: &State| state.catalog.instances(name, &tags);
    let (index, instances) = call.ask(Topic::Catalog, index, look).await?;
    let well = |instance: &&Instance| {
        let mut checks = instance.checks.iter();
        !passing || checks.all(|check| check.status == Status::Passing)
    };
    let entries = instances.iter().filter(well).map(|instance| Entry {
        node: &instance.node,
        service: &instance.service,
        checks: instance.checks.iter().map(AsRef::as_ref).collect(),
    });
    call.indexed(index, &entries.collect::<Vec<_>>())
}

/// All checks on a node.
pub async fn node(call: Call) -> Answer {
    let name = call.needed("node name")?;
    let index = |state: &State| state.catalog.checks_index();
    let look = |state: &State| state.catalog.checks_of_node(name);
    list(&call, call.ask(Topic::Catalog, index, look).await?)
}

/// All checks of a service, on whatever node.
pub async fn checks(call: Call) -> Answer {
    let name = call.needed("service name")?;
    let index = |state: &State| state.catalog.service_index(name);
    let look = |state: &State| state.catalog.checks_of_service(name);
    list(&call, call.ask(Topic::Catalog, index, look).await?)
}

/// All checks in a state, or in `any`. A state that does not exist has none.
pub async fn state(call: Call) -> Answer {
    let name = call.needed("check state")?;
    let index = |state: &State| state.catalog.checks_index();
    let look = |state: &State| match (name, Status::parse(name)) {
        ("any", _) => state.catalog.checks_in(None),
        (_, Some(status)) => state.catalog.checks_in(Some(status)),
        (_, None) => Vec::new(),
    };
    list(&call, call.ask(Topic::Catalog, index, look).await?)
}

fn list(call: &Call, (index, checks): (u64, Vec<Arc<Check>>)) -> Answer {
    let checks = checks.iter().map(AsRef::as_ref);
    call.indexed(index, &checks.collect::<Vec<&Check>>())
}
