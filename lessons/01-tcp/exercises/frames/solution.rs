//! A stream has no messages in it, only bytes; where one ends, the protocol must say. The length is
//! read byte by byte, because a larger read could reach into the next message, and those bytes
//! would be lost with the buffer. (Behind a `BufReader` that lives as long as the connection, single
//! bytes cost no system call.) `read_exact` then loops until the body is complete. The length is a
//! claim of a stranger: it is compared with `MAX` before a single byte is reserved for it.

use std::io::{self, ErrorKind, Read};

/// A longer message is refused, whatever its sender claims.
pub const MAX: usize = 1000;

/// Reads one message: its length in decimal digits, a colon, and that many bytes. `5:hello`
pub fn read_message(stream: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut length = 0;
    let mut digits = 0;
    loop {
        let mut byte = [0];
        if stream.read(&mut byte)? == 0 {
            // Between two messages an end is polite. Inside one it is a broken promise.
            return if digits == 0 {
                Ok(None)
            } else {
                Err(ErrorKind::UnexpectedEof.into())
            };
        }
        match byte[0] {
            b':' if digits > 0 => break,
            digit @ b'0'..=b'9' => {
                length = length * 10 + usize::from(digit - b'0');
                digits += 1;
            }
            _ => return Err(ErrorKind::InvalidData.into()),
        }
        // Inside the loop: endless digits are refused as well, and the sum cannot overflow.
        if length > MAX || digits > 4 {
            return Err(ErrorKind::InvalidData.into());
        }
    }
    let mut message = vec![0; length];
    stream.read_exact(&mut message)?;
    Ok(Some(message))
}
