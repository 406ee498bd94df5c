//! `/v1/health`: who is there, and who of them is well.

use serde::Serialize;

use super::call::{Answer, Call};
use crate::catalog::{Instance, Node};
use crate::check::{Check, Status};
use crate::refused::Refused;
use crate::service::NodeService;
use crate::store::Topic;

/// One instance, as a caller needs it: where, what, and how it is.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Entry<'a> {
    node: &'a Node,
    service: NodeService<'a>,
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
    call.block(Topic::Catalog, |state| state.catalog.service_index(name))
        .await?;
    let tags = call.all("tag");
    let (index, instances) = call.shared.store.read(|state| {
        (
            state.catalog.service_index(name),
            state.catalog.instances(name, &tags),
        )
    });
    let well = |instance: &&Instance| {
        !passing
            || instance
                .checks
                .iter()
                .all(|check| check.status == Status::Passing)
    };
    let entries = instances.iter().filter(well).map(|instance| Entry {
        node: &instance.node,
        service: instance.service.node_view(),
        checks: instance.checks.iter().map(AsRef::as_ref).collect(),
    });
    call.indexed(index, &call.sieve(entries)?)
}

/// All checks on a node.
pub async fn node(call: Call) -> Answer {
    let name = call.needed("node name")?;
    call.block(Topic::Catalog, |state| state.catalog.checks_index())
        .await?;
    let (index, checks) = call.shared.store.read(|state| {
        (
            state.catalog.checks_index(),
            state.catalog.checks_of_node(name),
        )
    });
    call.indexed(
        index,
        &call.sieve(checks.iter().map(AsRef::<Check>::as_ref))?,
    )
}

/// All checks of a service, on whatever node.
pub async fn checks(call: Call) -> Answer {
    let name = call.needed("service name")?;
    call.block(Topic::Catalog, |state| state.catalog.service_index(name))
        .await?;
    let (index, checks) = call.shared.store.read(|state| {
        (
            state.catalog.service_index(name),
            state.catalog.checks_of_service(name),
        )
    });
    call.indexed(
        index,
        &call.sieve(checks.iter().map(AsRef::<Check>::as_ref))?,
    )
}

/// All checks in a state, or in `any`. A state that does not exist has none.
pub async fn state(call: Call) -> Answer {
    let name = call.needed("check state")?;
    call.block(Topic::Catalog, |state| state.catalog.checks_index())
        .await?;
    let (index, checks) = call.shared.store.read(|state| {
        let checks = match (name, Status::parse(name)) {
            ("any", _) => state.catalog.checks_in(None),
            (_, Some(status)) => state.catalog.checks_in(Some(status)),
            (_, None) => Vec::new(),
        };
        (state.catalog.checks_index(), checks)
    });
    call.indexed(
        index,
        &call.sieve(checks.iter().map(AsRef::<Check>::as_ref))?,
    )
}

impl Call {
    /// The name after the path, which must be there.
    pub fn needed(&self, what: &str) -> Result<&str, Refused> {
        match self.rest.as_str() {
            "" => Err(Refused::bad(format!("Missing {what}"))),
            rest => Ok(rest),
        }
    }
}
