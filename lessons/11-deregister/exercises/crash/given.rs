//! What is given in this exercise: the answer uses it and does not change it.

use serde_json::Value;
use std::future::Future;
use std::io;
use std::net::SocketAddr;

/// The agent of Consul, as this program calls it.
pub trait Consul: Sync {
    /// `PUT /v1/agent/service/register`
    fn register(&self, definition: Value) -> impl Future<Output = io::Result<()>> + Send;
    /// `PUT /v1/agent/service/deregister/ID`
    fn deregister(&self, id: &str) -> impl Future<Output = io::Result<()>> + Send;
}

/// A server on the network.
pub trait Server: Sync {
    /// Where it accepts connections while it works.
    fn addr(&self) -> SocketAddr;
    /// Serves requests. It returns only if something is broken, and says what.
    fn work(&self) -> impl Future<Output = io::Error> + Send;
}
