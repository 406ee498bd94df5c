//! A server can bind all addresses of its machine with `0.0.0.0`, and no caller can dial that. So the address to register
//! is chosen where it can be known: in the configuration, else from the bound address, else from the cards. The
//! port is the bound one, because 0 is a request. With two possible cards each rule fails on some
//! machine, because the first card may be a bridge to containers. An error at the start is better than a
//! service that cannot be reached.

use std::net::{IpAddr, SocketAddr};

// Given in given.rs, beside this file: `Facts`, `Nowhere`, `is_own`, `is_link_local`.
pub use super::given::*;

/// The address that is registered. Its callers run on other machines.
pub fn advertised(facts: &Facts) -> Result<SocketAddr, Nowhere> {
    let port = facts.bound.port();
    if let Some(text) = &facts.wanted {
        let wanted = (text.parse()).or_else(|_| text.parse().map(|ip| SocketAddr::new(ip, port)));
        return match wanted {
            Ok(addr) if !is_own(addr.ip()) && addr.port() != 0 => Ok(addr),
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
    let mut possible: Vec<IpAddr> = facts.cards.clone();
    possible.retain(|card| bound.is_ipv6() || card.is_ipv4());
    possible.retain(|card| !is_own(*card) && !is_link_local(*card));
    match possible[..] {
        [] => Err(Nowhere::OnlyHere),
        [one] => Ok(SocketAddr::new(one, port)),
        _ => Err(Nowhere::Which(possible)),
    }
}
