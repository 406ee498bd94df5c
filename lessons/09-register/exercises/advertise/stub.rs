use std::net::{IpAddr, SocketAddr};

// Given in given.rs, beside this file: `Facts`, `Nowhere`, `is_own`, `is_link_local`.
pub use super::given::*;

/// The address that is registered. Its callers run on other machines.
///
/// * `wanted` comes first: behind a proxy or a port mapping the program cannot know its outside address. Without a
///   port it has the bound one. Text that is no IP address, an address of the caller itself (`is_own`), and
///   port 0 are `Unusable`.
/// * Bound to one address, it is that one. If it is a loopback address, the result is `OnlyHere`.
/// * Bound to all addresses (`0.0.0.0`, `::`), it is the one address of the cards that others can dial: not
///   `is_own`, not `is_link_local`. `0.0.0.0` accepts IPv4 callers only, `::` both kinds. Several possible
///   ones are `Which`, in the order of the cards; none is `OnlyHere`.
pub fn advertised(facts: &Facts) -> Result<SocketAddr, Nowhere> {
    let port = facts.bound.port();
    if let Some(text) = &facts.wanted {
        let wanted = (text.parse()).or_else(|_| text.parse().map(|ip| SocketAddr::new(ip, port)));
        return wanted.map_err(|_| Nowhere::Unusable(text.clone()));
    }
    let _cards: &[IpAddr] = &facts.cards;
    Ok(facts.bound)
}
