//! What a caller may send, and what it is told when something is wrong. No message repeats what was sent, and
//! none tells how the service is built.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tonic::Status;

use crate::parts::Away;

/// No name is longer.
const LONGEST: usize = 64;

/// A name that may be part of a key: 1 to 64 letters, digits, `-` and `_`. Without `:`, so that nobody can
/// reach the key of somebody else.
pub fn name(what: &str, text: String) -> Result<String, Status> {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if (1..=LONGEST).contains(&text.len()) && text.bytes().all(good) {
        return Ok(text);
    }
    Err(Status::invalid_argument(format!(
        "{what}: 1 to {LONGEST} letters, digits, - and _"
    )))
}

/// The address of the visitor, for limits; whoever names none is counted as himself.
///
/// One visitor is not two because he is written in two ways, and of IPv6 each has 2^64 addresses at home: all
/// that begin with the same 64 bits are one.
pub fn address(text: &str, peer: Option<SocketAddr>) -> Result<IpAddr, Status> {
    let address = if text.is_empty() {
        let nobody = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        peer.map_or(nobody, |peer| peer.ip())
    } else {
        let address = text.parse();
        address.map_err(|_| Status::invalid_argument("address: none that can be read"))?
    };
    Ok(match address.to_canonical() {
        IpAddr::V6(six) => Ipv6Addr::from_bits(six.to_bits() & !u128::from(u64::MAX)).into(),
        four => four,
    })
}

/// The store is away. The reason is in our log; it would only help whoever has made it so.
pub fn away(_: Away) -> Status {
    Status::unavailable(
        "the captchas cannot be reached just now; nobody was let in, try again soon",
    )
}

/// Without randomness there is no code that nobody can guess, so there is none.
pub fn no_randomness(_: getrandom::Error) -> Status {
    Status::internal("there is no randomness to be had")
}

/// The id is taken.
pub fn pending() -> Status {
    Status::already_exists("a captcha with this id is waiting for its answer")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for good in ["a", "A-z_09", &"x".repeat(64)] {
            assert_eq!(name("id", good.to_string()).unwrap(), good);
        }
        for bad in ["", "a b", "a:b", "a\n", "é", "../x", &"x".repeat(65)] {
            let status = name("id", bad.to_string()).unwrap_err();
            assert_eq!(status.code(), tonic::Code::InvalidArgument, "{bad:?}");
        }
    }

    #[test]
    fn addresses() {
        let four: IpAddr = Ipv4Addr::new(192, 0, 2, 7).into();
        assert_eq!(address("192.0.2.7", None).unwrap(), four);
        assert_eq!(address("::ffff:192.0.2.7", None).unwrap(), four);
        let peer = SocketAddr::new(four, 1);
        assert_eq!(address("", Some(peer)).unwrap(), four);
        assert!(address("localhost", Some(peer)).is_err());
        let home = address("2001:db8:1:2::1", None).unwrap();
        assert_eq!(address("2001:db8:1:2:ffff::9", None).unwrap(), home);
        assert_ne!(address("2001:db8:1:3::1", None).unwrap(), home);
    }
}
