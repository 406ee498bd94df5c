//! Bound and advertised. The address that a server binds says which of its own doors it opens; the
//! address that it advertises is where others go. Often they are equal, and nothing checks that.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

/// What somebody wishes to be advertised: a host, with a port or without.
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

/// Why no other program could dial an address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreachable {
    /// 0.0.0.0 or `::`, which means "all of my own addresses" and is none.
    #[error(
        "{0} is every address of this machine and none that others could dial: say which one with \
         --advertise, for example --advertise 127.0.0.1"
    )]
    Everywhere(IpAddr),
    /// Port 0, which means "any free one" and is none.
    #[error(
        "port 0 means any free port and is none that others could dial: advertise the port that \
         was bound"
    )]
    NoPort,
    /// Not an IP address.
    #[error("`{0}` is no IP address; 127.0.0.1 is one, and 127.0.0.1:8801 has a port as well")]
    NoAddress(String),
}

// ANCHOR: address
/// Which address others can dial, if the server is bound to `bound` and somebody may have `wanted`
/// another one: behind a proxy, or in a container, nobody inside can know it.
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
    fn what_is_bound_unless_somebody_knows_better() {
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
    fn nothing_that_nobody_could_dial() {
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
