//! More of `/v1/health`: checks by node, by service and by state.

use std::sync::Arc;

use crate::api::call::{Answer, Call};
use crate::check::{Check, Status};
use crate::store::{State, Topic};

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
