//! belief: the-dying-say-goodbye
//! words: The dying say goodbye.
//! check: a_killed_and_still_listed
//! says: nobody looks

use std::future::Future;
use std::io;
use std::net::SocketAddr;

use serde_json::{Value, json};

/// Consul, as this program sees it.
pub trait Consul: Sync {
    /// `PUT /v1/agent/service/register`
    fn register(&self, definition: Value) -> impl Future<Output = io::Result<()>> + Send;
    /// `PUT /v1/agent/service/deregister/ID`
    fn deregister(&self, id: &str) -> impl Future<Output = io::Result<()>> + Send;
}

/// A printer on the network.
pub trait Printer: Sync {
    /// Where it accepts connections while it works.
    fn addr(&self) -> SocketAddr;
    /// Prints whatever comes. It only ends when something is broken, and says what.
    fn work(&self) -> impl Future<Output = io::Error> + Send;
}

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
