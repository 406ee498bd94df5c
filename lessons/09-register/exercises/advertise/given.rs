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
    /// The option `--advertise`, if it is given: a host, or a host and a port.
    pub wanted: Option<String>,
}

/// Why callers on other machines could not reach it.
#[derive(Clone, Debug, PartialEq)]
pub enum Nowhere {
    /// Only programs on this machine can.
    OnlyHere,
    /// Several addresses are possible, and the program cannot know the right one.
    Which(Vec<IpAddr>),
    /// What is wanted is no address that a caller could dial.
    Unusable(String),
}

/// Whether a caller that dials it reaches its own machine, or none.
#[allow(dead_code, reason = "the stub does not use it")]
pub fn is_own(ip: IpAddr) -> bool {
    ip.is_unspecified() || ip.is_loopback()
}

/// Whether it is valid on one cable only: 169.254.0.0/16 and fe80::/10.
#[allow(dead_code, reason = "the stub does not use it")]
pub fn is_link_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    }
}
