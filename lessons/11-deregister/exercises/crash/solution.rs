//! After `kill -9`, or without power, no line of this program runs: no `Drop` and no signal handler. Another program has to
//! notice, and that is what a health check is for. The worst moment for a crash is just after an attempt of the check:
//! then it takes one whole interval, and also the timeout if the machine does not refuse the connection. 5 s + 2 s are well below
//! 15 s, and 12 attempts a minute are few. The first attempt comes within the interval, so a new instance is healthy
//! soon. A critical entry stays in the list. `DeregisterCriticalServiceAfter` removes it: a minute is the least that
//! Consul accepts, and it looks for such entries every 30 s. A program that can deregister still does: then
//! no caller gets its address in the meantime.

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
        "Check": {
            "TCP": addr.to_string(),
            "Interval": "5s",
            "Timeout": "2s",
            "DeregisterCriticalServiceAfter": "1m",
        },
    });
    consul.register(definition).await?;
    let ended = tokio::select! {
        broken = server.work() => Err(broken),
        () = stop => Ok(()),
    };
    // On every way out of this function.
    consul.deregister(id).await?;
    ended
}
