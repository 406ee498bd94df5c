//! `/v1/agent/self`, `/v1/agent/members` and `/v1/status`: this agent itself, and the cluster that it is.

use serde_json::{Value, json};

use crate::api::call::{Answer, Call};
use crate::shared::{SERVER_PORT, Shared, VERSION};

/// This agent. The real one shows its whole configuration as well.
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

/// The leader of the cluster: this agent.
pub async fn leader(call: Call) -> Answer {
    call.answer(&format!("127.0.0.1:{SERVER_PORT}"))
}

/// The servers with a vote: this agent.
pub async fn peers(call: Call) -> Answer {
    call.answer(&[format!("127.0.0.1:{SERVER_PORT}")])
}
