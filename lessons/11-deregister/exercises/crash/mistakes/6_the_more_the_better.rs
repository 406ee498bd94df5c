//! belief: the-more-looks-the-better
//! words: The more often Consul looks, the better.
//! check: e_looking_is_not_a_siege
//! says: knocked

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
        "Check": {
            "TCP": addr.to_string(),
            "Interval": "1s",
            "Timeout": "2s",
            "DeregisterCriticalServiceAfter": "1m",
        },
    });
    consul.register(definition).await?;
    let ended = tokio::select! {
        broken = printer.work() => Err(broken),
        () = stop => Ok(()),
    };
    // Who can say goodbye should: then nobody has to find out.
    consul.deregister(id).await?;
    ended
}
