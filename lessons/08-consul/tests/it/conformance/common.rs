//! Helpers that several groups of cases share.

use serde_json::{Value, json};

use crate::support::{Http, soon};

/// The members of a service as the agent tells it. `TaggedAddresses` is there only with an IP address.
pub const SERVICE: &str = "ID:text Service:text Tags:list Meta:object Port:number Address:text \
                           Weights:object EnableTagOverride:bool";

/// The members of a check, from the agent or the catalog.
pub const CHECK: &str = "Node:text CheckID:text Name:text Status:text Notes:text Output:text \
                         ServiceID:text ServiceName:text ServiceTags:list Type:text \
                         Definition:object CreateIndex:number ModifyIndex:number";

/// Registers a service with the agent.
#[track_caller]
pub fn register(http: &Http, service: Value) {
    http.put_json("/v1/agent/service/register", &service)
        .must_be_empty();
}

/// Registers a service of this name, and id, with a TTL check that is not renewed for ten minutes.
#[track_caller]
pub fn with_ttl(http: &Http, id: &str, status: &str) {
    let check = json!({"TTL": "10m", "Status": status});
    register(http, json!({"ID": id, "Name": id, "Check": check}));
}

/// Reports the state of the TTL check of a service: `pass`, `warn` or `fail`.
#[track_caller]
pub fn report(http: &Http, how: &str, service: &str) {
    http.put(&format!("/v1/agent/check/{how}/service:{service}"), "")
        .must_be_empty();
}

/// Takes a service off the list of its agent.
#[track_caller]
pub fn deregister(http: &Http, id: &str) {
    http.put(&format!("/v1/agent/service/deregister/{id}"), "")
        .must_be_empty();
}

/// All instances of a name, in the order of the catalog.
#[track_caller]
pub fn instances(http: &Http, name: &str) -> Vec<Value> {
    list(http, &format!("/v1/health/service/{name}"))
}

/// The instances that pass all their checks.
#[track_caller]
pub fn passing(http: &Http, name: &str) -> Vec<Value> {
    list(http, &format!("/v1/health/service/{name}?passing"))
}

/// A list from anywhere.
#[track_caller]
pub fn list(http: &Http, path: &str) -> Vec<Value> {
    match http.get(path).ok_json() {
        Value::Array(list) => list,
        other => panic!("a list was expected from {path}, not {other}"),
    }
}

/// Waits until a name has so many instances: the agent tells the catalog on its own time.
#[track_caller]
pub fn soon_instances(http: &Http, name: &str, count: usize) -> Vec<Value> {
    soon(&format!("{name} has {count} instances"), || {
        let list = instances(http, name);
        (list.len() == count).then_some(list)
    })
}

/// As [`soon_instances`], for those that pass.
#[track_caller]
pub fn soon_passing(http: &Http, name: &str, count: usize) -> Vec<Value> {
    soon(&format!("{name} has {count} passing instances"), || {
        let list = passing(http, name);
        (list.len() == count).then_some(list)
    })
}

/// What the agent says about one of its checks.
#[track_caller]
pub fn check(http: &Http, id: &str) -> Option<Value> {
    let checks = http.get("/v1/agent/checks").ok_json();
    checks.get(id).cloned()
}

/// Waits until a check has this status, and returns it.
#[track_caller]
pub fn soon_status(http: &Http, id: &str, status: &str) -> Value {
    soon(&format!("{id} is {status}"), || {
        check(http, id).filter(|check| check["Status"] == status)
    })
}
