//! What a call looks like in bytes. Each message is the body of one frame of lesson 01:
//!
//! ```text
//!   request   id   service.method   argument
//!   reply     id   00 value   or   01 failure: never both
//! ```
//!
//! The encoding is postcard's: numbers as varints (small ones take one byte), text and bytes with
//! their length in front, the fields of a struct in order *and without their names*. That makes it
//! small and fast, and readable only by a program that was compiled with the same structs. Go's
//! `net/rpc` has the same trait with its gob. Lesson 03 gives it up.

use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

// ANCHOR: messages
/// "Call this for me."
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request<'a> {
    /// Chosen by the caller; the reply carries it back. That is how they find each other.
    pub id: u64,
    /// `Service.Method`.
    pub method: &'a str,
    /// Encoded already: only the method knows its type.
    pub argument: &'a [u8],
}

/// "Here is what came of it."
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply<'a> {
    /// The number of the request.
    pub id: u64,
    /// The value, encoded, or what went wrong. One of the two: an error comes with no value.
    #[serde(borrow)]
    pub outcome: Result<&'a [u8], Failure>,
}

/// Why a call has no value, as the server tells it. The connection is fine: the next call works.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Failure {
    /// The method ran, and this is its own error.
    Failed(String),
    /// No service of this name is registered.
    NoService(String),
    /// The service is there and has no method of this name.
    NoMethod(String),
    /// The argument cannot be read as what the method takes.
    BadArgument(String),
    /// The method panicked. Only this call is lost.
    Panicked,
    /// The value is longer than a frame may be.
    ReplyTooLong,
}
// ANCHOR_END: messages

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Failed(words) => f.write_str(words),
            Failure::NoService(name) => write!(f, "there is no service `{name}`"),
            Failure::NoMethod(name) => write!(f, "there is no method `{name}`"),
            Failure::BadArgument(name) => write!(f, "`{name}` cannot read its argument"),
            Failure::Panicked => f.write_str("the method panicked"),
            Failure::ReplyTooLong => f.write_str("the reply is too long to be sent"),
        }
    }
}

impl std::error::Error for Failure {}

/// The bytes are no such message. The other side speaks something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAMessage;

impl fmt::Display for NotAMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("these bytes are no message of this protocol")
    }
}

impl std::error::Error for NotAMessage {}

// ANCHOR: decode
/// Any value as bytes.
///
/// # Errors
///
/// If its type cannot be encoded, a list of unknown length for example.
pub fn encode(value: &impl Serialize) -> Result<Vec<u8>, postcard::Error> {
    postcard::to_allocvec(value)
}

/// Bytes as a message, whose texts stay where they are: nothing is copied or reserved, however
/// long the bytes claim to be.
///
/// # Errors
///
/// If they are not exactly one such message.
pub fn decode<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, NotAMessage> {
    match postcard::take_from_bytes(bytes) {
        // What is left over means that the two sides disagree about the type.
        Ok((value, [])) => Ok(value),
        Ok(_) | Err(_) => Err(NotAMessage),
    }
}
// ANCHOR_END: decode

/// Bytes as a value that owns what it holds.
///
/// # Errors
///
/// As for [`decode`].
pub fn decode_owned<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, NotAMessage> {
    decode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_are_the_ones_in_the_book() {
        let request = Request {
            id: 1,
            method: "hello.HelloWorld",
            argument: b"\x04wire",
        };
        let bytes = encode(&request).unwrap();
        assert_eq!(bytes, b"\x01\x10hello.HelloWorld\x05\x04wire");
        assert_eq!(decode(&bytes), Ok(request));

        let reply = Reply {
            id: 1,
            outcome: Ok(b"\x10wire hello world"),
        };
        let bytes = encode(&reply).unwrap();
        assert_eq!(bytes, b"\x01\x00\x11\x10wire hello world");
        assert_eq!(decode(&bytes), Ok(reply));
    }

    #[test]
    fn an_error_has_no_value_beside_it() {
        let failure = Failure::NoMethod("hello.Nope".to_string());
        let reply = Reply {
            id: 7,
            outcome: Err(failure),
        };
        let bytes = encode(&reply).unwrap();
        assert_eq!(bytes, b"\x07\x01\x02\x0ahello.Nope");
        assert_eq!(decode(&bytes), Ok(reply));
    }

    #[test]
    fn numbers_are_short_when_they_are_small() {
        assert_eq!(encode(&100u32).unwrap(), [100]);
        assert_eq!(encode(&200u32).unwrap(), [0xc8, 0x01]);
        assert_eq!(decode(&[0xc8, 0x01]), Ok(200u32));
    }

    #[test]
    fn every_cut_and_every_extra_byte_is_refused() {
        let whole = b"\x01\x10hello.HelloWorld\x05\x04wire";
        for cut in 0..whole.len() {
            assert_eq!(decode::<Request<'_>>(&whole[..cut]), Err(NotAMessage));
        }
        let more = [&whole[..], b"\0"].concat();
        assert_eq!(decode::<Request<'_>>(&more), Err(NotAMessage));
    }
}
