//! A stream holds bytes and no messages, so the protocol must say where a message ends. The length is
//! read byte by byte, because a larger read could reach into the next message, and those bytes
//! would be lost with the buffer. (Behind a `BufReader` that lives as long as the connection, single
//! bytes cost no system call.) `read_exact` then calls `read` until the body is complete. The sender can
//! claim any length, so it is compared with `MAX` before a buffer of that size is made. Because that is done
//! after each digit, the sum cannot overflow.

use std::io::{self, ErrorKind, Read};

/// The largest number of bytes in a message.
pub const MAX: usize = 1000;

/// Reads one message: its length in decimal digits, a colon, and that many bytes, for example `5:hello`.
pub fn read_message(stream: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut digits = None;
    let length = loop {
        let mut byte = [0];
        match (stream.read(&mut byte)?, byte[0], digits) {
            (0, _, None) => return Ok(None),
            (0, _, Some(_)) => return Err(ErrorKind::UnexpectedEof.into()),
            (_, b':', Some(length)) if length <= MAX => break length,
            (_, digit @ b'0'..=b'9', _) if digits <= Some(MAX) => {
                digits = Some(10 * digits.unwrap_or(0) + usize::from(digit - b'0'));
            }
            _ => return Err(ErrorKind::InvalidData.into()),
        }
    };
    let mut message = vec![0; length];
    stream.read_exact(&mut message)?;
    Ok(Some(message))
}
