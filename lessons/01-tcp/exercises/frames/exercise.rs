use std::io::{self, Read};

/// A longer message is refused, whatever its sender claims.
pub const MAX: usize = 1000;

/// Reads one message: its length in decimal digits, a colon, and that many bytes. `5:hello`
///
/// * `Ok(None)`: the other side has finished, and no message was begun.
/// * `UnexpectedEof`: it ended in the middle of a message.
/// * `InvalidData`: no digits before the colon, or more bytes than `MAX`.
///
/// What follows the message belongs to the next call: do not read it.
pub fn read_message(stream: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut buf = [0; 1024];
    let n = stream.read(&mut buf)?;
    let colon = buf[..n].iter().position(|byte| *byte == b':');
    Ok(colon.map(|colon| buf[colon + 1..n].to_vec()))
}
