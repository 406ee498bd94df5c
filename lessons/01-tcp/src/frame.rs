//! Messages that may hold any bytes. A newline ends a line only as long as no message contains
//! one; a frame says first how long it is, so nothing inside it can be mistaken for its end.
//!
//! ```text
//!   00 00 00 05   68 65 6c 6c 6f
//!   length        that many bytes ("hello")
//! ```
//!
//! The length is a `u32`, the most significant byte first ("big-endian", the order that most
//! protocols of the internet use). It counts the body without itself. Both directions have a
//! limit, because the sender can claim any length.

use std::fmt;
use std::io::{self, Read, Write};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// A limit that is large for a call and small for a machine.
pub const LIMIT: usize = 1024 * 1024;

/// Why there is no frame.
#[derive(Debug)]
pub enum FrameError {
    /// The frame is longer than the limit. Nothing was reserved for it.
    TooLong {
        /// What the length said.
        length: usize,
        /// What is allowed.
        limit: usize,
    },
    /// The connection ended inside a frame.
    Cut,
    /// The connection broke.
    Io(io::Error),
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FrameError::TooLong { length, limit } => {
                write!(f, "a frame of {length} bytes, and {limit} are allowed")
            }
            FrameError::Cut => f.write_str("the connection ended inside a frame"),
            FrameError::Io(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for FrameError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            FrameError::Io(error) => Some(error),
            FrameError::TooLong { .. } | FrameError::Cut => None,
        }
    }
}

impl From<io::Error> for FrameError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => FrameError::Cut,
            _ => FrameError::Io(error),
        }
    }
}

/// A body with its length in front, ready to be sent.
///
/// One buffer and so one write: a length on its own would travel in a packet of its own.
///
/// # Errors
/// If the body is longer than the limit. Refused here, it is a clear error on the side that made
/// it; sent, it would be a broken connection on the other one.
pub fn encode(body: &[u8], limit: usize) -> Result<Vec<u8>, FrameError> {
    let too_long = FrameError::TooLong {
        length: body.len(),
        limit,
    };
    let length = match u32::try_from(body.len()) {
        Ok(length) if body.len() <= limit => length,
        _ => return Err(too_long),
    };
    let mut frame = Vec::with_capacity(4 + body.len());
    frame.extend_from_slice(&length.to_be_bytes());
    frame.extend_from_slice(body);
    Ok(frame)
}

/// The length that four bytes claim, if it is allowed.
fn length(header: [u8; 4], limit: usize) -> Result<usize, FrameError> {
    // On a machine with 16-bit addresses a `u32` may not fit; then it is over any limit.
    let length = usize::try_from(u32::from_be_bytes(header)).unwrap_or(usize::MAX);
    if length > limit {
        Err(FrameError::TooLong { length, limit })
    } else {
        Ok(length)
    }
}

/// Writes one frame.
///
/// # Errors
/// If the body is too long or the connection broke.
pub fn write(to: &mut impl Write, body: &[u8], limit: usize) -> Result<(), FrameError> {
    to.write_all(&encode(body, limit)?)?;
    to.flush()?;
    Ok(())
}

/// Reads one frame; `None` if the other side has finished and no frame was begun.
///
/// # Errors
/// If the frame is too long, cut off, or the connection broke.
// ANCHOR: read
pub fn read(from: &mut impl Read, limit: usize) -> Result<Option<Vec<u8>>, FrameError> {
    let mut header = [0; 4];
    // The first byte alone: only before it an end of the stream is polite.
    if from.read(&mut header[..1])? == 0 {
        return Ok(None);
    }
    from.read_exact(&mut header[1..])?;
    let mut body = vec![0; length(header, limit)?];
    from.read_exact(&mut body)?;
    Ok(Some(body))
}
// ANCHOR_END: read

/// Writes one frame, on tokio.
///
/// # Errors
/// As for [`write()`].
pub async fn write_async(
    to: &mut (impl AsyncWrite + Unpin),
    body: &[u8],
    limit: usize,
) -> Result<(), FrameError> {
    to.write_all(&encode(body, limit)?).await?;
    to.flush().await?;
    Ok(())
}

/// Reads one frame, on tokio.
///
/// Dropping this future in the middle (in a `select!`, by a timeout) loses what it has read: give
/// reading a task of its own. Lesson 02 has an exercise about that.
///
/// # Errors
/// As for [`read`].
pub async fn read_async(
    from: &mut (impl AsyncRead + Unpin),
    limit: usize,
) -> Result<Option<Vec<u8>>, FrameError> {
    let mut header = [0; 4];
    if from.read(&mut header[..1]).await? == 0 {
        return Ok(None);
    }
    from.read_exact(&mut header[1..]).await?;
    let mut body = vec![0; length(header, limit)?];
    from.read_exact(&mut body).await?;
    Ok(Some(body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_are_the_ones_in_the_book() {
        let frame = encode(b"hello", LIMIT).unwrap();
        assert_eq!(frame, b"\x00\x00\x00\x05hello");
    }

    #[test]
    fn frames_follow_each_other_and_then_the_end() {
        let mut wire = Vec::new();
        write(&mut wire, b"one\n", LIMIT).unwrap();
        write(&mut wire, b"", LIMIT).unwrap();
        let mut wire = &wire[..];
        assert_eq!(read(&mut wire, LIMIT).unwrap().unwrap(), b"one\n");
        assert_eq!(read(&mut wire, LIMIT).unwrap().unwrap(), b"");
        assert!(read(&mut wire, LIMIT).unwrap().is_none());
    }

    #[test]
    fn every_cut_inside_a_frame_is_an_error() {
        let frame = encode(b"hello", LIMIT).unwrap();
        for cut in 1..frame.len() {
            let outcome = read(&mut &frame[..cut], LIMIT);
            assert!(
                matches!(outcome, Err(FrameError::Cut)),
                "cut at {cut}: {outcome:?}"
            );
        }
    }

    #[test]
    fn the_limit_holds_in_both_directions() {
        assert!(matches!(
            encode(b"hello", 4),
            Err(FrameError::TooLong {
                length: 5,
                limit: 4
            })
        ));
        let claim = u32::MAX.to_be_bytes();
        assert!(matches!(
            read(&mut &claim[..], LIMIT),
            Err(FrameError::TooLong { .. })
        ));
    }

    #[tokio::test]
    async fn tokio_reads_what_std_wrote_byte_by_byte() {
        let (mut near, mut far) = tokio::io::duplex(1);
        let writer = tokio::spawn(async move { write_async(&mut near, b"hello", LIMIT).await });
        assert_eq!(
            read_async(&mut far, LIMIT).await.unwrap().unwrap(),
            b"hello"
        );
        assert!(read_async(&mut far, LIMIT).await.unwrap().is_none());
        writer.await.unwrap().unwrap();
    }
}
