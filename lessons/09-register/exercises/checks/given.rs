//! What is given in this exercise: the answer uses it and does not change it.

use std::net::SocketAddr;
use std::time::Duration;

/// What Consul is to watch.
pub struct Watched {
    /// A gRPC server with several services behind this port. `grpc.health.v1` tells how each of them is.
    pub addr: SocketAddr,
    /// The one that is registered, for example `shop.v1.Cart`.
    pub service: String,
}

/// A check of Consul: an attempt that it makes, or a report that it waits for.
#[derive(Clone, Debug)]
#[allow(dead_code, reason = "which of them you need is the question")]
pub enum Check {
    /// Does `at` (`host:port`) accept a connection?
    Tcp {
        at: String,
        every: Duration,
        timeout: Duration,
    },
    /// Does `url` answer with 2xx?
    Http {
        url: String,
        every: Duration,
        timeout: Duration,
    },
    /// Does `grpc.health.v1` at `at` say SERVING? `host:port` asks about the server as a whole,
    /// `host:port/package.Service` about one service.
    Grpc {
        at: String,
        every: Duration,
        timeout: Duration,
    },
    /// Has the service reported `passing` within this time? Our program does not report yet.
    Ttl { within: Duration },
}
