use std::future::Future;
use std::io;

use serde_json::json;

// Given in given.rs, beside this file: `Consul`, `Server`.
pub use super::given::*;

/// Registers an instance of the service `printer` with this id, and runs its server until `stop` is ready or the server
/// breaks.
///
/// * While the server works, its instance is healthy: 15 s after the start at the latest.
/// * If the server ends by itself or by `stop`, the entry is removed at once.
/// * The process may be killed at any moment. 15 s later its instance is not healthy any more, and 3 minutes later its
///   entry is removed.
/// * A health check connects to the server 20 times a minute at most.
///
/// # Errors
/// What broke, or why Consul could not be told.
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
