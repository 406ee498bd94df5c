//! A timeout limits how long one `read` may wait; a deadline limits the whole request. A client that sends one
//! byte just before each timeout stays within every timeout and never ends. So the deadline is computed once,
//! and each read may wait only for the time that is left. The timeout is needed as well: a
//! clock that is read between two reads does not end a read that waits for a silent client.

use std::io::{self, ErrorKind, Read};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// Reads one request, a line, and returns it without its newline.
pub fn read_request(stream: &mut TcpStream, within: Duration) -> io::Result<Vec<u8>> {
    let until = Instant::now() + within;
    let mut line = Vec::new();
    loop {
        let left = until.saturating_duration_since(Instant::now());
        // A timeout of zero is an error, `InvalidInput`, so this is checked first.
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        stream.set_read_timeout(Some(left))?;
        let mut byte = [0];
        match stream.read(&mut byte) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(_) if byte[0] == b'\n' => return Ok(line),
            Ok(_) => line.push(byte[0]),
            // Unix reports a read timeout as `WouldBlock`. The loop goes round once more, finds that
            // no time is left, and returns `TimedOut`.
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}
