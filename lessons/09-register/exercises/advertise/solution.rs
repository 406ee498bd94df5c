//! Binding opens doors, and 0.0.0.0 opens all of them; it is the name of no door. What others dial has to
//! be chosen, and the choice is made where it can be known: by a person, if there is one; else from
//! what is bound, and from the cards if everything is. The port is always the bound one: 0 was a wish.
//! Where two cards are possible no rule is right (the first one is the bridge of some containers as
//! often as not), and a service that says so at its start is better than one that nobody can reach.

use std::net::{IpAddr, SocketAddr};

// Given in given.rs, beside this file: `Facts`, `Nowhere`.
pub use super::given::*;

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
    if bound.is_loopback() {
        return Err(Nowhere::OnlyHere);
    }
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
