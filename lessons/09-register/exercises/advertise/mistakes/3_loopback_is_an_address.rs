//! belief: loopback-is-an-address
//! words: 127.0.0.1 is an address like any other.
//! check: c_loopback_is_only_here
//! says: Each caller would dial itself

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

/// The address that is registered. Its callers run on other machines.
pub fn advertised(facts: &Facts) -> Result<SocketAddr, Nowhere> {
    let port = facts.bound.port();
    if let Some(text) = &facts.wanted {
        let wanted = (text.parse()).or_else(|_| text.parse().map(|ip| SocketAddr::new(ip, port)));
        return match wanted {
            Ok(place) if !is_nobody(place.ip()) && place.port() != 0 => Ok(place),
            _ => Err(Nowhere::Unusable(text.clone())),
        };
    }
    let bound = facts.bound.ip();
    if !bound.is_unspecified() {
        return Ok(facts.bound);
    }
    let taken = |card: &&IpAddr| bound.is_ipv6() || card.is_ipv4();
    let possible: Vec<IpAddr> = (facts.cards.iter().filter(taken))
        .filter(|card| !is_nobody(**card) && !is_link_local(**card))
        .copied()
        .collect();
    match possible[..] {
        [] => Err(Nowhere::OnlyHere),
        [one] => Ok(SocketAddr::new(one, port)),
        _ => Err(Nowhere::Which(possible)),
    }
}

/// Whoever dials it reaches himself, or nobody.
fn is_nobody(ip: IpAddr) -> bool {
    ip.is_unspecified() || ip.is_loopback()
}

fn is_link_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    }
}
