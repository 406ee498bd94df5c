//! `/v1/agent`: what this agent runs, and how to tell it what to run.

use std::collections::BTreeMap;

use axum::http::{HeaderValue, StatusCode};
use serde::Serialize;

use super::answer::empty;
use super::call::{Answer, Call};
use crate::agent::Shared;
use crate::check::{Check, Status};
use crate::decode::{Fields, Place};
use crate::definition::{CheckDefinition, ServiceDefinition};
use crate::files;
use crate::local::{Local, Source};
use crate::refused::Refused;
use crate::service::Service;
use crate::store::{State, Topic};

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

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Hashed<'a> {
    #[serde(flatten)]
    service: &'a Service,
    content_hash: &'a str,
}

/// One service, with a hash of it that a caller may wait on as on an index.
pub async fn service(call: Call) -> Answer {
    let id = call.rest.as_str();
    let find = |local: &Local| {
        local
            .service(id)
            .map(|service| (hash(service), service.clone()))
    };
    let seen = call.get("hash");
    if !seen.is_empty() {
        let is_new = |state: &State| {
            let now = find(&state.local);
            u64::from(now.is_none_or(|(hash, _)| hash != seen))
        };
        let (_, wait) = call.index_and_wait()?;
        let Shared { store, clock, .. } = &*call.shared;
        store.wait_past(Topic::Local, clock, 0, wait, is_new).await;
    }
    let Some((hash, service)) = call.shared.store.read(|state| find(&state.local)) else {
        return Err(Refused::new(404, format!("unknown service ID: {id}")));
    };
    let mut answer = call.answer(&Hashed {
        service: &service,
        content_hash: &hash,
    })?;
    if let Ok(hash) = HeaderValue::from_str(&hash) {
        answer.headers_mut().insert("x-consul-contenthash", hash);
    }
    Ok(answer)
}

/// Equal services have equal hashes, and unequal ones almost never: FNV-1a over the JSON.
fn hash(service: &Service) -> String {
    let bytes = serde_json::to_vec(service).unwrap_or_default();
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
    });
    format!("{hash:x}")
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
    let place = Place::Within("checkUpdate");
    let mut fields = Fields::of(call.json()?, "", place, "checkUpdate")?;
    let [status, output]: [String; 2] = [fields.get("Status")?, fields.get("Output")?];
    fields.end()?;
    let status = Status::parse(&status)
        .ok_or_else(|| Refused::bad(format!("Invalid check status: '{status}'")))?;
    call.shared.heartbeat(&call.rest, status, &output)?;
    done()
}

/// Hides a service, or shows it again.
pub async fn maintain(call: Call) -> Answer {
    if call.rest.is_empty() {
        return Err(Refused::bad("Missing service ID"));
    }
    let on = call.enable()?;
    let id = call.rest.as_str();
    let there = |state: &State| state.local.service(id).is_some();
    if !call.shared.store.read(there) {
        let words = format!("No service registered with ID {id:?}");
        return Err(Refused::new(404, words));
    }
    call.shared.maintenance(id, on, call.get("reason"))?;
    done()
}

/// Hides every service of this node, or shows them again.
pub async fn maintain_node(call: Call) -> Answer {
    let on = call.enable()?;
    call.shared.maintenance("", on, call.get("reason"))?;
    done()
}

/// Reads the definition files again.
pub async fn reload(call: Call) -> Answer {
    files::reload(&call.shared)?;
    done()
}

fn done() -> Answer {
    Ok(empty(StatusCode::OK))
}

impl Call {
    fn enable(&self) -> Result<bool, Refused> {
        match self.get("enable") {
            "" => Err(Refused::bad("Missing value for enable")),
            "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
            "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
            other => Err(Refused::bad(format!("Invalid value for enable: {other:?}"))),
        }
    }
}
