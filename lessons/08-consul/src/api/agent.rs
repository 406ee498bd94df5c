//! `/v1/agent`: lists, registers and deregisters the services and checks of this agent.

use std::collections::BTreeMap;

use axum::http::StatusCode;

use super::call::{Answer, Call};
use crate::check::{Check, Status};
use crate::definition::{CheckDefinition, ServiceDefinition};
use crate::extra::answer::empty;
use crate::extra::decode::Fields;
use crate::local::Source;
use crate::refused::Refused;
use crate::service::Service;
use crate::store::State;

/// The services that this agent runs.
pub async fn services(call: Call) -> Answer {
    let list = |state: &State| state.local.services().cloned().collect();
    let services: Vec<Service> = call.shared.store.read(list);
    let services = services
        .iter()
        .map(|service| (service.id.as_str(), service));
    call.answer(&services.collect::<BTreeMap<_, _>>())
}

/// The checks that this agent runs.
pub async fn checks(call: Call) -> Answer {
    let list = |state: &State| state.local.checks().cloned().collect();
    let checks: Vec<Check> = call.shared.store.read(list);
    let checks = checks.iter().map(|check| (check.check_id.as_str(), check));
    call.answer(&checks.collect::<BTreeMap<_, _>>())
}

/// Registers a service and its checks.
pub async fn register(call: Call) -> Answer {
    let definition = ServiceDefinition::read(call.json()?)?;
    let replace = match call.get("replace-existing-checks") {
        "" => call.has("replace-existing-checks"),
        word => ["1", "true"].contains(&word),
    };
    let shared = &call.shared;
    shared.register_service(definition, Source::Api, replace)?;
    done()
}

/// Deregisters a service.
pub async fn deregister(call: Call) -> Answer {
    if call.rest.is_empty() {
        return Err(Refused::internal("ServiceID missing"));
    }
    call.shared.deregister_service(&call.rest)?;
    done()
}

/// Registers a check.
pub async fn register_check(call: Call) -> Answer {
    let definition = CheckDefinition::read(call.json()?)?;
    call.shared.register_check(definition, Source::Api)?;
    done()
}

/// Deregisters a check.
pub async fn deregister_check(call: Call) -> Answer {
    if call.rest.is_empty() {
        return Err(Refused::internal("CheckID missing"));
    }
    call.shared.deregister_check(&call.rest)?;
    done()
}

/// A heartbeat: all is well.
pub async fn pass(call: Call) -> Answer {
    beat(&call, Status::Passing)
}

/// A heartbeat: something is wrong.
pub async fn warn(call: Call) -> Answer {
    beat(&call, Status::Warning)
}

/// A heartbeat, of one who knows that it is ill.
pub async fn fail(call: Call) -> Answer {
    beat(&call, Status::Critical)
}

fn beat(call: &Call, status: Status) -> Answer {
    call.shared
        .heartbeat(&call.rest, status, call.get("note"))?;
    done()
}

/// A heartbeat with the state and more words in the body.
pub async fn update(call: Call) -> Answer {
    let mut fields = Fields::of(call.json()?)?;
    let [status, output]: [String; 2] = [fields.get("Status")?, fields.get("Output")?];
    fields.end()?;
    let status = Status::parse(&status)
        .ok_or_else(|| Refused::bad(format!("Invalid check status: '{status}'")))?;
    call.shared.heartbeat(&call.rest, status, &output)?;
    done()
}

/// An empty 200.
pub(crate) fn done() -> Answer {
    Ok(empty(StatusCode::OK))
}
