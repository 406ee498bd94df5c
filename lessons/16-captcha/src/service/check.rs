//! Validates requests, and says what is wrong with one. No message repeats what was sent, and none tells how
//! the service is built.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tonic::Status;

use crate::rules::Unavailable;

/// No name is longer.
const LONGEST: usize = 64;

/// A name that may be part of a key: 1 to 64 letters, digits, `-` and `_`. Without `:`, so that no client can
/// reach the key of another session.
pub fn name(what: &str, text: String) -> Result<String, Status> {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if (1..=LONGEST).contains(&text.len()) && text.bytes().all(good) {
        return Ok(text);
    }
    Err(Status::invalid_argument(format!(
        "{what}: 1 to {LONGEST} letters, digits, - and _"
    )))
}

/// The address of the visitor, for limits; a caller that names none is counted by its own address.
///
/// One visitor is not two because he is written in two ways, and of IPv6 each has 2^64 addresses at home: all
/// that begin with the same 64 bits are one.
pub fn address(text: &str, peer: Option<SocketAddr>) -> Result<IpAddr, Status> {
    let address = if text.is_empty() {
        let unknown = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        peer.map_or(unknown, |peer| peer.ip())
    } else {
        let address = text.parse();
        address.map_err(|_| Status::invalid_argument("address: none that can be read"))?
    };
    Ok(match address.to_canonical() {
        IpAddr::V6(six) => Ipv6Addr::from_bits(six.to_bits() & !u128::from(u64::MAX)).into(),
        four => four,
    })
}

/// The store is unavailable. The reason is in our log; in the reply it would help an attacker only.
pub fn unavailable(_: Unavailable) -> Status {
    Status::unavailable(
        "the captchas cannot be reached just now; no visitor was let in, try again soon",
    )
}

/// Without randomness there is no unguessable code, so no captcha is issued.
pub fn no_randomness(_: getrandom::Error) -> Status {
    Status::internal("there is no randomness to be had")
}

/// Returns the error for an id that is taken.
pub fn pending() -> Status {
    Status::already_exists("a captcha with this id is waiting for its answer")
}

#[cfg(test)]
#[path = "../../tests/unit/check.rs"]
mod tests;
