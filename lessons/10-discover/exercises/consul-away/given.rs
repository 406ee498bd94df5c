//! What is given in this exercise: the answer uses it and does not change it.

use std::net::SocketAddr;
use std::time::Duration;

/// Consul was not reached. Finding that out has cost the caller a second or two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Away;

/// Whom to call, and how old that knowledge is: the time since Consul has told it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub addrs: Vec<SocketAddr>,
    pub age: Duration,
}

/// Why there is nobody to call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nobody {
    /// Consul has said that nobody of this name is well.
    IsHome,
    /// Consul was never reached about this name.
    Knows,
}

/// How long a list is as good as new.
pub const FRESH: Duration = Duration::from_secs(10);

/// How long Consul is left alone after it was not reached.
pub const REST: Duration = Duration::from_secs(1);
