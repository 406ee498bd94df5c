use std::io::{self, Read, Write};
use std::net::TcpStream;

/// Sends every byte back as soon as it has come, until the client has finished.
/// Returns how many bytes that were.
///
/// So far it answers once, and hangs up on a client that has more to say.
pub fn echo(mut stream: TcpStream) -> io::Result<u64> {
    let mut buf = [0; 1024];
    let n = stream.read(&mut buf)?;
    stream.write_all(&buf[..n])?;
    Ok(n as u64)
}
