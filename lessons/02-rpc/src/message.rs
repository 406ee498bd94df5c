//! What a call looks like in bytes. Each message is the body of one frame of lesson 01:
//!
//! ```text
//!   request   id   service.method   argument
//!   reply     id   00 value   or   01 failure: never both
//! ```
//!
//! The encoding is postcard: numbers as varints (small ones take one byte), text and bytes with
//! their length in front, the fields of a struct in order *and without their names*. So the messages are small,
//! and only a program that was compiled with the same structs can read them. Go's gob differs: it describes each type
//! once in the stream, with the names of its fields. Lesson 03 chooses an encoding that every language reads.

use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

// ANCHOR: messages
/// One call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request<'a> {
    /// Chosen by the client; the reply has the same id.
    pub id: u64,
    /// `Service.Method`.
    pub method: &'a str,
    /// The encoded argument. Only the method knows its type.
    pub argument: &'a [u8],
}

/// The result of one call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply<'a> {
    /// The id of the request.
    pub id: u64,
    /// The encoded value, or the error. Never both.
    #[serde(borrow)]
    pub outcome: Result<&'a [u8], Failure>,
}

/// Why the server has no value for a call. The connection still works.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Failure {
    /// The method returned this error.
    Failed(String),
    /// No service of this name is registered.
    NoService(String),
    /// The service has no method of this name.
    NoMethod(String),
    /// The bytes of the argument are no value of the method's argument type.
    BadArgument(String),
    /// The method panicked. Other calls are not affected.
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

/// The bytes are not a message of the expected type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAMessage;

impl fmt::Display for NotAMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the bytes are not a message of this protocol")
    }
}

impl std::error::Error for NotAMessage {}

// ANCHOR: decode
/// Encodes any value.
///
/// # Errors
/// If its type cannot be encoded, for example a list of unknown length.
pub fn encode(value: &impl Serialize) -> Result<Vec<u8>, postcard::Error> {
    postcard::to_allocvec(value)
}

/// Decodes exactly one message. Its texts borrow from `bytes`, so a false length in them cannot make this
/// program reserve memory.
///
/// # Errors
/// If `bytes` are not exactly one such message.
pub fn decode<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, NotAMessage> {
    match postcard::take_from_bytes(bytes) {
        // Bytes that are left over mean that the two sides use different types.
        Ok((value, [])) => Ok(value),
        Ok(_) | Err(_) => Err(NotAMessage),
    }
}
// ANCHOR_END: decode

/// Decodes a value that owns its contents.
///
/// # Errors
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
