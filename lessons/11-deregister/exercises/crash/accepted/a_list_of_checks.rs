//! Accepted: a list of checks, other times, and a goodbye whose error does not hide the first one.

use std::future::Future;
use std::io;

use serde_json::json;

// Given in given.rs, beside this file: `Consul`, `Server`.
pub use super::given::*;

pub async fn run(
    consul: &impl Consul,
    server: &impl Server,
    id: &str,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let addr = server.addr();
    let definition = json!({
        "ID": id,
        "Name": "printer",
        "Address": addr.ip().to_string(),
        "Port": addr.port(),
        "Checks": [{
            "TCP": addr.to_string(),
            "Interval": "10s",
            "Timeout": "1s",
            "DeregisterCriticalServiceAfter": "90s",
        }],
    });
    consul.register(definition).await?;
    let ended = tokio::select! {
        broken = server.work() => Err(broken),
        () = stop => Ok(()),
    };
    let told = consul.deregister(id).await;
    ended.and(told)
}
