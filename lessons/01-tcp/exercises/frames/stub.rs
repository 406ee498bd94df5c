use std::io::{self, Read};

/// The largest number of bytes in a message.
pub const MAX: usize = 1000;

/// Reads one message: its length in decimal digits, a colon, and that many bytes, for example `5:hello`.
///
/// * The bytes arrive in pieces of any size. A message may hold any bytes, or none (`0:`).
/// * `Ok(None)`: the stream ended before the first byte of a message.
/// * `UnexpectedEof`: the stream ended inside a message.
/// * `InvalidData`: something other than the digits 0 to 9 stands before the colon, or nothing does, or the
///   length is larger than `MAX`. Report it before you read the message's bytes or make a buffer for them.
/// * Any other error of the stream is returned as it is.
/// * What follows the message belongs to the next call: do not read it.
///
/// So far the function takes the bytes of one `read` for one message.
pub fn read_message(stream: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut buf = [0; 1024];
    let n = stream.read(&mut buf)?;
    let colon = buf[..n].iter().position(|byte| *byte == b':');
    Ok(colon.map(|colon| buf[colon + 1..n].to_vec()))
}
