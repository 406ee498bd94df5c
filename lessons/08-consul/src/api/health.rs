//! `/v1/health`: the instances of a service, and which of them are healthy.

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

/// The endpoint that discovery is made of. `passing` leaves out instances with a check that is not.
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
