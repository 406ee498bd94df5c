//! What is given in this exercise: the answer uses it and does not change it.

use std::net::{IpAddr, SocketAddr};

/// What a service knows when it has started to listen.
pub struct Facts {
    /// What it asked `bind` for.
    pub asked: SocketAddr,
    /// What `local_addr` says it got.
    pub bound: SocketAddr,
    /// The addresses of this machine's network cards.
    pub cards: Vec<IpAddr>,
    /// `--advertise`, if somebody has given it: a host, or a host and a port.
    pub wanted: Option<String>,
}

/// Why callers on other machines could not reach it.
#[derive(Clone, Debug, PartialEq)]
pub enum Nowhere {
    /// Only programs on this machine can.
    OnlyHere,
    /// Several addresses are possible, and only a person can know which one.
    Which(Vec<IpAddr>),
    /// What is wanted is not an address that anybody could dial.
    Unusable(String),
}
