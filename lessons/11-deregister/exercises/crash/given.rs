//! What is given in this exercise: the answer uses it and does not change it.

use serde_json::Value;
use std::future::Future;
use std::io;
use std::net::SocketAddr;

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
