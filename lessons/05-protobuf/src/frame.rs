//! Messages on a stream. A message does not say where it ends, so its length stands in front of it, as a
//! varint. Protobuf libraries call this *delimited*. It is a frame of lesson 01 with a shorter length.
//!
//! ```text
//!   06       0a 04 77 69 72 65
//!   length   that many bytes: a HelloRequest for "wire"
//! ```

use std::fmt;
use std::io;

use prost::Message;
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::varint;

/// The longest message that is accepted by default, in bytes.
pub const LIMIT: usize = 64 * 1024;

/// Why there is no message.
#[derive(Debug)]
pub enum FrameError {
    /// It is longer than the limit. No memory was allocated for it.
    TooLong {
        /// The claimed length.
        length: u64,
        /// The limit.
        limit: usize,
    },
    /// The length is no varint.
    NoLength,
    /// The connection ended inside a message.
    Cut,
    /// The connection failed.
    Io(io::Error),
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FrameError::TooLong { length, limit } => {
                write!(f, "a message of {length} bytes, and {limit} are allowed")
            }
            FrameError::NoLength => f.write_str("the length is no number"),
            FrameError::Cut => f.write_str("the connection ended inside a message"),
            FrameError::Io(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for FrameError {}

impl From<io::Error> for FrameError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => FrameError::Cut,
            _ => FrameError::Io(error),
        }
    }
}

// ANCHOR: frame
/// A message with its length in front, in one buffer for one write.
pub fn encode(message: &impl Message) -> Vec<u8> {
    let body = message.encode_to_vec();
    let mut frame = Vec::with_capacity(varint::LONGEST + body.len());
    varint::write(body.len() as u64, &mut frame);
    frame.extend_from_slice(&body);
    frame
}

/// The body of the next frame; `None` if the other side has finished between two of them.
///
/// # Errors
/// If there is no whole frame, or one that is longer than `limit`.
pub async fn read<R>(from: &mut R, limit: usize) -> Result<Option<Vec<u8>>, FrameError>
where
    R: AsyncRead + Unpin,
{
    // Byte by byte, because the size of a length is not known. `from` should have a buffer.
    let mut prefix = Vec::new();
    let length = loop {
        match from.read_u8().await {
            Ok(byte) => prefix.push(byte),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof && prefix.is_empty() => {
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        }
        match varint::read(&mut &prefix[..]) {
            Ok(length) => break length,
            Err(_) if prefix.len() >= varint::LONGEST => return Err(FrameError::NoLength),
            Err(_) => {}
        }
    };
    // The claimed length is compared before memory is allocated for it.
    match usize::try_from(length) {
        Ok(length) if length <= limit => {
            let mut body = vec![0; length];
            from.read_exact(&mut body).await?;
            Ok(Some(body))
        }
        _ => Err(FrameError::TooLong { length, limit }),
    }
}
// ANCHOR_END: frame

#[cfg(test)]
mod tests {
    use super::*;
    use crate::greeter::HelloRequest;

    fn request(name: &str) -> HelloRequest {
        HelloRequest { name: name.into() }
    }

    #[tokio::test]
    async fn frames_come_out_one_by_one_and_as_prost_writes_them() {
        let long = "x".repeat(300);
        let mut stream = Vec::new();
        for name in ["wire", "", &long] {
            let frame = encode(&request(name));
            assert_eq!(frame, request(name).encode_length_delimited_to_vec());
            stream.extend(frame);
        }
        let mut from = &stream[..];
        for name in ["wire", "", &long] {
            let body = read(&mut from, LIMIT).await.unwrap().unwrap();
            assert_eq!(HelloRequest::decode(&*body).unwrap(), request(name));
        }
        assert!(read(&mut from, LIMIT).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn a_claim_is_checked() {
        let read = async |mut bytes: &[u8]| read(&mut bytes, 10).await.unwrap_err().to_string();
        let two_gb = [0xff, 0xff, 0xff, 0xff, 0x07, 1, 2, 3];
        assert_eq!(
            read(&two_gb).await,
            "a message of 2147483647 bytes, and 10 are allowed"
        );
        assert_eq!(read(&[0xff; 12]).await, "the length is no number");
        for cut in [&[0x80][..], &[3, 1, 2]] {
            assert_eq!(read(cut).await, "the connection ended inside a message");
        }
    }
}
