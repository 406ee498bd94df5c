//! `read` waits until there is at least one byte, so 0 can only mean one thing: the client has
//! closed its sending side and nothing will ever come again. That is the way out of the loop. Each
//! piece goes back before the next read, because the client may be waiting for it, and only
//! `&buf[..n]` of it, because the rest of the buffer still holds older bytes.
//! (`io::copy(&mut &stream, &mut &stream)` is this loop, ready-made.)

use std::io::{self, Read, Write};
use std::net::TcpStream;

/// Sends every byte back as soon as it has come, until the client has finished.
/// Returns how many bytes that were.
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
