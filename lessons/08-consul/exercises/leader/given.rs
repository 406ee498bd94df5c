//! What is given in this exercise: the answer uses it and does not change it.

use std::net::SocketAddr;

/// One server of a cluster.
#[derive(Clone, Copy, Debug)]
pub struct Server {
    /// Where its HTTP API listens.
    pub http: SocketAddr,
    /// Its Raft address. The servers name the leader by this address.
    pub raft: SocketAddr,
}
