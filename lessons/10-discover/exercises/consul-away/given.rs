//! What is given in this exercise: the answer uses it and does not change it.

use std::net::SocketAddr;
use std::time::Duration;

/// Consul did not answer. Finding that out took the caller a second or two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unavailable;

/// The instances to call, and the age of the list: the time since Consul answered with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub addrs: Vec<SocketAddr>,
    pub age: Duration,
}

/// Why there is no instance to call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotFound {
    /// Consul has answered: no instance of this name is healthy.
    NoInstance,
    /// Consul has never answered a query for this name.
    Unknown,
}

/// The last answer of Consul for one name.
#[derive(Clone, Debug)]
pub struct Listed {
    pub addrs: Vec<SocketAddr>,
    /// When Consul answered.
    pub at: Duration,
}

/// How long an answer is fresh.
pub const FRESH: Duration = Duration::from_secs(10);

/// The pause after a failed query, in which Consul is asked nothing.
pub const PAUSE: Duration = Duration::from_secs(1);
