//! A timeout says how long one `read` may wait; a deadline says when it is over. Whoever sends one
//! byte just before each timeout meets every timeout and no deadline. So the end is fixed once,
//! and every read may only wait for what is left until then. The timeout is needed as well: a
//! clock that is looked at between reads says nothing while a read waits for a silent client.

use std::io::{self, ErrorKind, Read};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// Reads one request, a line, and returns it without its newline.
pub fn read_request(stream: &mut TcpStream, within: Duration) -> io::Result<Vec<u8>> {
    let until = Instant::now() + within;
    let mut line = Vec::new();
    loop {
        let left = until.saturating_duration_since(Instant::now());
        // A timeout of zero would be refused with `InvalidInput`, so this is asked first.
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        stream.set_read_timeout(Some(left))?;
        let mut byte = [0];
        match stream.read(&mut byte) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(_) if byte[0] == b'\n' => return Ok(line),
            Ok(_) => line.push(byte[0]),
            // Unix says `WouldBlock` when the time is up. One name for it is enough for callers;
            // the loop comes back and finds that nothing is left.
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}
