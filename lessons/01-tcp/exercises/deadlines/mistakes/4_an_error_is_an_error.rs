//! belief: any-error-will-do
//! words: Any error will do; the caller sees that it failed.
//! check: a_drip_is_cut_off
//! says: what Unix calls a read timeout

use std::io::{self, ErrorKind, Read};
use std::net::TcpStream;
use std::time::{Duration, Instant};

pub fn read_request(stream: &mut TcpStream, within: Duration) -> io::Result<Vec<u8>> {
    let until = Instant::now() + within;
    let mut line = Vec::new();
    loop {
        let left = until.saturating_duration_since(Instant::now());
        stream.set_read_timeout(Some(left.max(Duration::from_millis(1))))?;
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
