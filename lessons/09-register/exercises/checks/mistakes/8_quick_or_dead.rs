//! belief: slow-means-ill
//! words: Slow is as good as dead.
//! check: f_slow_is_not_ill
//! says: given up after 0.5 s

use std::net::SocketAddr;
use std::time::Duration;

/// What Consul is to watch.
pub struct Watched {
    /// A gRPC server with several services behind this port. `grpc.health.v1` tells how each of them is.
    pub addr: SocketAddr,
    /// The one that is registered, for example `shop.v1.Cart`.
    pub service: String,
}

/// A question that Consul asks, or waits to be told the answer of.
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
    /// Has somebody said that all is well within this time? In our program nobody does so yet.
    Ttl { within: Duration },
}

/// The checks under which `watched.service` is registered. Callers get it while all of them pass.
pub fn checks(watched: &Watched) -> Vec<Check> {
    vec![Check::Grpc {
        at: format!("{}/{}", watched.addr, watched.service),
        every: Duration::from_secs(10),
        timeout: Duration::from_millis(500),
    }]
}
