use std::io::{self, Read, Write};
use std::net::TcpStream;

/// Sends every byte back as soon as it arrives, until the client has finished sending.
/// Returns the number of bytes that were sent back, over the whole connection.
///
/// * The client may wait for the answer to one byte before it sends the next one.
/// * The bytes need not be lines or text.
/// * If the connection breaks, return the error; do not panic.
///
/// So far the function answers once, and then closes the connection.
pub fn echo(mut stream: TcpStream) -> io::Result<u64> {
    let mut buf = [0; 1024];
    let n = stream.read(&mut buf)?;
    stream.write_all(&buf[..n])?;
    Ok(n as u64)
}
