use std::future::Future;
use std::io;

use serde_json::json;

// Given in given.rs, beside this file: `Consul`, `Printer`.
pub use super::given::*;

/// Lets a printer work until `stop`, or until it breaks, and keeps its entry in the phone book: the id is
/// `id`, the name is `printer`.
///
/// * A printer that works is among the healthy ones 15 s after its start at the latest.
/// * One that ends by itself is gone from the list at once.
/// * Its power may fail at any moment. 15 s later nobody may find it among the healthy any more, and
///   3 minutes later there is no entry left.
/// * Whoever looks after it may knock 20 times a minute at most.
///
/// # Errors
/// What broke.
pub async fn run(
    consul: &impl Consul,
    printer: &impl Printer,
    id: &str,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let addr = printer.addr();
    let definition = json!({
        "ID": id,
        "Name": "printer",
        "Address": addr.ip().to_string(),
        "Port": addr.port(),
    });
    consul.register(definition).await?;
    let ended = tokio::select! {
        broken = printer.work() => Err(broken),
        () = stop => Ok(()),
    };
    // Whatever has happened: say goodbye.
    consul.deregister(id).await?;
    ended
}
