//! The bound and the advertised address. A server binds an address of its own machine, and callers on other machines dial
//! the advertised one. Often the two are equal, and Consul does not test that.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

/// The address that shall be advertised: a host, with a port or without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The host.
    pub ip: IpAddr,
    /// The port; `None` takes the bound one.
    pub port: Option<u16>,
}

impl FromStr for Wanted {
    type Err = Unreachable;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(addr) = text.parse::<SocketAddr>() {
            let (ip, port) = (addr.ip(), Some(addr.port()));
            return Ok(Wanted { ip, port });
        }
        match text.parse() {
            Ok(ip) => Ok(Wanted { ip, port: None }),
            Err(_) => Err(Unreachable::NoAddress(text.to_string())),
        }
    }
}

/// Why no other program can dial an address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreachable {
    /// 0.0.0.0 or `::`, which can be bound, and cannot be dialled.
    #[error(
        "{0} means all addresses of this machine, and cannot be dialled: say which one with \
         --advertise, for example --advertise 127.0.0.1"
    )]
    Everywhere(IpAddr),
    /// Port 0, which asks for a free port and cannot be dialled.
    #[error(
        "port 0 asks for any free port, and cannot be dialled: advertise the port that was bound"
    )]
    NoPort,
    /// Not an IP address.
    #[error("`{0}` is no IP address; 127.0.0.1 is one, and 127.0.0.1:8801 has a port as well")]
    NoAddress(String),
}

// ANCHOR: address
/// Returns the address that others can dial, if the server is bound to `bound`. `wanted` comes
/// first, because a program behind a proxy or in a container cannot know its outside address.
///
/// # Errors
/// [`Unreachable`], rather than an address that cannot work.
pub fn address(bound: SocketAddr, wanted: Option<Wanted>) -> Result<SocketAddr, Unreachable> {
    let ip = wanted.map_or(bound.ip(), |wanted| wanted.ip);
    let port = (wanted.and_then(|wanted| wanted.port)).unwrap_or(bound.port());
    if ip.is_unspecified() {
        return Err(Unreachable::Everywhere(ip));
    }
    if port == 0 {
        return Err(Unreachable::NoPort);
    }
    Ok(SocketAddr::new(ip, port))
}
// ANCHOR_END: address

#[cfg(test)]
mod tests {
    use super::*;

    fn advertised(bound: &str, wanted: Option<&str>) -> Result<String, Unreachable> {
        let wanted = wanted.map(str::parse).transpose()?;
        address(bound.parse().unwrap(), wanted).map(|addr| addr.to_string())
    }

    #[test]
    fn the_wanted_address_comes_first() {
        let same = advertised("127.0.0.1:8801", None);
        assert_eq!(same.as_deref(), Ok("127.0.0.1:8801"));
        let host = advertised("0.0.0.0:8801", Some("10.0.0.7"));
        assert_eq!(host.as_deref(), Ok("10.0.0.7:8801"));
        let mapped = advertised("0.0.0.0:8801", Some("10.0.0.7:31000"));
        assert_eq!(mapped.as_deref(), Ok("10.0.0.7:31000"));
        let six = advertised("[::]:8801", Some("[::1]:8801"));
        assert_eq!(six.as_deref(), Ok("[::1]:8801"));
    }

    #[test]
    fn no_address_that_cannot_be_dialled() {
        for (bound, wanted) in [
            ("0.0.0.0:8801", None),
            ("[::]:8801", None),
            ("127.0.0.1:8801", Some("0.0.0.0")),
        ] {
            let refused = advertised(bound, wanted);
            assert!(
                matches!(refused, Err(Unreachable::Everywhere(_))),
                "{bound}"
            );
        }
        assert_eq!(advertised("127.0.0.1:0", None), Err(Unreachable::NoPort));
        let name = advertised("127.0.0.1:80", Some("myhost"));
        assert_eq!(name, Err(Unreachable::NoAddress("myhost".to_string())));
    }
}
