//! `read` into a buffer that is not empty waits until there is at least one byte. So 0 bytes mean that the
//! client has closed its sending side and nothing more will arrive: that ends the loop. Each
//! piece is sent back before the next read, because the client may be waiting for it, and only
//! `&buf[..n]` of it, because the rest of the buffer still holds older bytes.
//! (`io::copy(&mut &stream, &mut &stream)` is this loop, ready-made.)

use std::io::{self, Read, Write};
use std::net::TcpStream;

/// Sends every byte back as soon as it arrives, until the client has finished sending.
/// Returns the number of bytes that were sent back, over the whole connection.
pub fn echo(mut stream: TcpStream) -> io::Result<u64> {
    let mut buf = [0; 1024];
    let mut total = 0;
    loop {
        let n = stream.read(&mut buf)?;
        if n == 0 {
            return Ok(total);
        }
        stream.write_all(&buf[..n])?;
        total += n as u64;
    }
}
