use std::io::{self, ErrorKind, Read};
use std::net::TcpStream;
use std::time::Duration;

/// Reads one request, a line, and returns it without its newline, as soon as the newline is there.
///
/// The client has the time `within` for the whole request: it may be silent, send slowly, or send without a pause.
///
/// * `TimedOut` (on every system): the time is over and the newline has not arrived. `WouldBlock`, the name that
///   Unix has for a read timeout, must not reach the caller.
/// * `UnexpectedEof`, at once: the client ended the connection before the newline.
/// * Any other error of `read` is returned as it is.
/// * The function may change the timeouts of `stream`.
///
/// So far each `read` has the time `within` for itself.
pub fn read_request(stream: &mut TcpStream, within: Duration) -> io::Result<Vec<u8>> {
    stream.set_read_timeout(Some(within))?;
    let mut line = Vec::new();
    loop {
        let mut byte = [0];
        if stream.read(&mut byte)? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        if byte[0] == b'\n' {
            return Ok(line);
        }
        line.push(byte[0]);
    }
}
