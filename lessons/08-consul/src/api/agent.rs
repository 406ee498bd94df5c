//! `/v1/agent`: this agent itself, what it runs, and how to tell it what to run.

use std::collections::BTreeMap;

use axum::http::{HeaderValue, StatusCode};
use serde_json::{Value, json};

use super::call::{Answer, Call, empty};
use crate::agent::{SERVER_PORT, Shared, VERSION};
use crate::check::{Check, Status};
use crate::decode::{Fields, Place};
use crate::definition::{CheckDefinition, ServiceDefinition};
use crate::files;
use crate::local::{Local, Source};
use crate::refused::Refused;
use crate::service::Service;
use crate::store::Topic;

/// Who this is. The real one shows its whole configuration as well.
pub async fn this(call: Call) -> Answer {
    let shared = &call.shared;
    let (services, checks, ttls) = shared.store.read(|state| {
        let ttls = state
            .local
            .checks()
            .filter(|check| check.r#type == "ttl")
            .count();
        (
            state.local.services().count(),
            state.local.checks().count(),
            ttls,
        )
    });
    call.answer(&json!({
        "Config": {
            "Datacenter": shared.datacenter,
            "NodeName": shared.node,
            "NodeID": shared.node_id,
            "Revision": "",
            "Server": true,
            "Version": VERSION,
        },
        "DebugConfig": {
            "CheckOutputMaxSize": 4096,
            "CheckReapInterval": "30s",
            "Datacenter": shared.datacenter,
            "DefaultQueryTime": "5m0s",
            "EnableRemoteScriptChecks": shared.enable_script_checks,
            "EnableUI": false,
            "KVMaxValueSize": 524_288,
            "MaxQueryTime": "10m0s",
            "NodeID": shared.node_id,
            "NodeName": shared.node,
            "ServerMode": true,
            "Version": VERSION,
        },
        "Coord": { "Vec": vec![0; 8], "Error": 1.5, "Adjustment": 0, "Height": 0.00001 },
        "Member": member(shared),
        "Meta": { "consul-network-segment": "" },
        "Stats": {
            "agent": {
                "check_monitors": "0",
                "check_ttls": ttls.to_string(),
                "checks": checks.to_string(),
                "services": services.to_string(),
            },
            "build": { "prerelease": "", "revision": "", "version": VERSION },
        },
    }))
}

/// All members of the cluster: this one. 1 means alive.
pub async fn members(call: Call) -> Answer {
    call.answer(&[member(&call.shared)])
}

fn member(shared: &Shared) -> Value {
    json!({
        "Name": shared.node,
        "Addr": "127.0.0.1",
        "Port": 8301,
        "Tags": {
            "acls": "0",
            "build": format!("{VERSION}:"),
            "dc": shared.datacenter,
            "id": shared.node_id,
            "port": SERVER_PORT.to_string(),
            "role": "consul",
            "segment": "",
            "vsn": "2",
            "vsn_max": "3",
            "vsn_min": "2",
        },
        "Status": 1,
        "ProtocolMin": 1,
        "ProtocolMax": 5,
        "ProtocolCur": 2,
        "DelegateMin": 2,
        "DelegateMax": 5,
        "DelegateCur": 4,
    })
}

/// The services that this agent runs.
pub async fn services(call: Call) -> Answer {
    let services: Vec<Service> = call
        .shared
        .store
        .read(|state| state.local.services().cloned().collect());
    let services = call.sieve(services.iter().map(Service::agent_view))?;
    let services = services.into_iter().map(|service| (service.id, service));
    call.answer(&services.collect::<BTreeMap<_, _>>())
}

/// The checks that this agent runs.
pub async fn checks(call: Call) -> Answer {
    let checks: Vec<Check> = call
        .shared
        .store
        .read(|state| state.local.checks().cloned().collect());
    let checks = call
        .sieve(checks.iter())?
        .into_iter()
        .map(|check| (&check.check_id, check));
    call.answer(&checks.collect::<BTreeMap<_, _>>())
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
        let same = |state: &crate::store::State| {
            let now = find(&state.local);
            u64::from(now.is_none_or(|(hash, _)| hash != seen))
        };
        let (_, wait) = call.blocking()?;
        let shared = &call.shared;
        shared
            .store
            .wait_past(Topic::Local, &shared.clock, 0, wait, same)
            .await;
    }
    let Some((hash, service)) = call.shared.store.read(|state| find(&state.local)) else {
        return Err(Refused::new(404, format!("unknown service ID: {id}")));
    };
    let mut view = service.agent_view();
    view.content_hash = Some(hash.clone());
    let mut answer = call.answer(&view)?;
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
    let replace = matches!(call.get("replace-existing-checks"), "1" | "true")
        || call.has("replace-existing-checks") && call.get("replace-existing-checks").is_empty();
    call.shared
        .register_service(definition, Source::Api, replace)?;
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
    let mut fields = Fields::of(call.json()?, Place::Within("checkUpdate"), "checkUpdate")?;
    let (status, output) = (fields.text("Status")?, fields.text("Output")?);
    fields.end()?;
    let status = Status::parse(&status)
        .ok_or_else(|| Refused::bad(format!("Invalid check status: '{status}'")))?;
    call.shared.heartbeat(&call.rest, status, &output)?;
    done()
}

/// Hides a service, or shows it again.
pub async fn service_maintenance(call: Call) -> Answer {
    if call.rest.is_empty() {
        return Err(Refused::bad("Missing service ID"));
    }
    let on = call.enable()?;
    let id = call.rest.as_str();
    if call
        .shared
        .store
        .read(|state| state.local.service(id).is_none())
    {
        return Err(Refused::new(
            404,
            format!("No service registered with ID {id:?}"),
        ));
    }
    call.shared.maintenance(id, on, call.get("reason"))?;
    done()
}

/// Hides every service of this node, or shows them again.
pub async fn maintenance(call: Call) -> Answer {
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
