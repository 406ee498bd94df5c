//! Stage 12: registered in etcd, with a lease that is renewed.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::http::ask;

/// The time to live of the lease, in seconds.
const TTL: u64 = 2;

/// The lease that holds now, for the end.
pub type Lease = Arc<Mutex<Option<String>>>;

/// Keeps the service at `grpc` registered with the etcd at `etcd`. Whatever fails, it begins with a new lease.
pub async fn keep_registered(etcd: String, grpc: SocketAddr, lease: Lease) {
    loop {
        let _ = register(&etcd, grpc, &lease).await;
        sleep(Duration::from_millis(300)).await;
    }
}

/// Registers, and renews until that fails.
async fn register(etcd: &str, grpc: SocketAddr, lease: &Lease) -> io::Result<()> {
    let granted = post(etcd, "lease/grant", &json!({ "TTL": TTL })).await?;
    let id = &granted["ID"];
    *lease.lock().unwrap_or_else(PoisonError::into_inner) = id.as_str().map(str::to_owned);
    let key = format!("/services/greeter/greeter-{}", grpc.port());
    let value = json!({"address": grpc.ip().to_string(), "port": grpc.port()});
    let put = json!({
        "key": BASE64_STANDARD.encode(key),
        "value": BASE64_STANDARD.encode(value.to_string()),
        "lease": id,
    });
    post(etcd, "kv/put", &put).await?;
    loop {
        sleep(Duration::from_secs(TTL) / 4).await;
        let renewed = post(etcd, "lease/keepalive", &json!({ "ID": id })).await?;
        // Of a lease that is over, etcd says so by a result without a TTL.
        if renewed["result"]["TTL"].is_null() {
            return Ok(());
        }
    }
}

/// Revokes the lease: its key is gone at once.
pub async fn leave(etcd: &str, lease: &Lease) {
    let id = lease.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(id) = id {
        let _ = post(etcd, "lease/revoke", &json!({ "ID": id })).await;
    }
}

async fn post(etcd: &str, call: &str, body: &Value) -> io::Result<Value> {
    ask(etcd, "POST", &format!("/v3/{call}"), &body.to_string()).await
}
