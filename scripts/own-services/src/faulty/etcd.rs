//! Stage 12, with faults.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::fault;
use crate::http::ask;

pub type Lease = Arc<Mutex<Value>>;

pub async fn keep_registered(etcd: String, grpc: SocketAddr, lease: Lease) {
    while register(&etcd, grpc, &lease).await.is_err() || !fault("registers-once-in-etcd") {
        sleep(Duration::from_millis(300)).await;
    }
}

async fn register(etcd: &str, grpc: SocketAddr, lease: &Lease) -> io::Result<()> {
    let ttl = if fault("long-lease") { 60 } else { 2 };
    let id = post(etcd, "lease/grant", &json!({ "TTL": ttl })).await?["ID"].take();
    lease
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone_from(&id);
    let key = match fault("one-key") {
        true => "/services/greeter/greeter".to_owned(),
        false => format!("/services/greeter/{}", grpc.port()),
    };
    let value = json!({"address": grpc.ip().to_string(), "port": grpc.port()});
    let mut put = json!({
        "key": BASE64_STANDARD.encode(key),
        "value": BASE64_STANDARD.encode(value.to_string()),
    });
    if !fault("no-lease") {
        put["lease"] = id.clone();
    }
    post(etcd, "kv/put", &put).await?;
    if fault("never-renews") {
        std::future::pending::<()>().await;
    }
    loop {
        sleep(Duration::from_millis(500)).await;
        let renewed = post(etcd, "lease/keepalive", &json!({ "ID": id })).await?;
        if renewed["result"]["TTL"].is_null() {
            return Ok(());
        }
    }
}

pub async fn leave(etcd: &str, lease: &Lease) {
    let id = lease.lock().unwrap_or_else(PoisonError::into_inner).take();
    if !fault("never-revokes") {
        let _ = post(etcd, "lease/revoke", &json!({ "ID": id })).await;
    }
}

async fn post(etcd: &str, call: &str, body: &Value) -> io::Result<Value> {
    ask(etcd, "POST", &format!("/v3/{call}"), &body.to_string()).await
}
