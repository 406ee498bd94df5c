//! Stages 8 and 10, with faults.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::fault;
use crate::http::ask;

/// SIGTERM has arrived.
static LEAVES: AtomicBool = AtomicBool::new(false);

/// Removes the entry, and waits until callers know it.
pub async fn leave(consul: &str, grpc: SocketAddr) {
    LEAVES.store(true, Ordering::Relaxed);
    if fault("never-deregisters") {
        return;
    }
    let mut ids = vec![format!("greeter-{}", grpc.port())];
    if fault("deregisters-all")
        && let Ok(Value::Object(all)) = ask(consul, "GET", "/v1/agent/services", "").await
    {
        ids = all.keys().cloned().collect();
    }
    for id in ids {
        let path = format!("/v1/agent/service/deregister/{id}");
        let _ = ask(consul, "PUT", &path, "").await;
    }
    if fault("no-notice") {
        return;
    }
    sleep(Duration::from_millis(150)).await;
    if fault("registers-again") {
        let mut entry = entry(&format!("greeter-{}", grpc.port()), grpc);
        entry["Check"]["Status"] = "passing".into();
        let path = "/v1/agent/service/register";
        let _ = ask(consul, "PUT", path, &entry.to_string()).await;
    }
}

/// Keeps the service at `grpc` registered with the Consul at `consul`.
pub async fn keep_registered(consul: String, grpc: SocketAddr) {
    let mut number = 0;
    while !LEAVES.load(Ordering::Relaxed) {
        number += 1;
        let mut id = format!("greeter-{}", grpc.port());
        if fault("same-id") {
            id = "greeter".into();
        }
        if fault("new-ids") {
            id = format!("{id}-{number}");
        }
        let known = ask(&consul, "GET", "/v1/agent/services", "").await;
        if known.is_ok_and(|known| known.get(&id).is_none()) {
            let entry = entry(&id, grpc).to_string();
            let registered = ask(&consul, "PUT", "/v1/agent/service/register", &entry).await;
            if registered.is_ok() && fault("registers-once") {
                return;
            }
        }
        if fault("tries-once") {
            return;
        }
        sleep(Duration::from_millis(300)).await;
    }
}

fn entry(id: &str, grpc: SocketAddr) -> Value {
    let mut entry = json!({
        "Name": "greeter",
        "ID": id,
        "Address": grpc.ip().to_string(),
        "Port": grpc.port(),
    });
    if fault("no-address") {
        entry["Address"] = "".into();
    }
    let interval = if fault("checked-each-minute") {
        "60s"
    } else {
        "1s"
    };
    if fault("tcp-check") {
        entry["Check"] = json!({"TCP": grpc.to_string(), "Interval": interval});
    } else if !fault("no-check") {
        entry["Check"] =
            json!({"GRPC": grpc.to_string(), "Interval": interval, "Timeout": "500ms"});
    }
    entry
}

/// Waits until Consul answers, where that is the fault.
pub async fn wait(consul: &str) -> io::Result<()> {
    if fault("needs-consul") {
        ask(consul, "GET", "/v1/agent/services", "").await?;
    }
    while fault("waits-for-consul") && ask(consul, "GET", "/v1/agent/services", "").await.is_err() {
        sleep(Duration::from_millis(300)).await;
    }
    Ok(())
}
