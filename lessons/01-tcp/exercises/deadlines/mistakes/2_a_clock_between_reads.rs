//! belief: a-clock-interrupts
//! words: If I look at the clock in the loop, no client can hold me.
//! check: silence_is_cut_off
//! says: `read` waits for ever unless it has a timeout

use std::io::{self, ErrorKind, Read};
use std::net::TcpStream;
use std::time::{Duration, Instant};

pub fn read_request(stream: &mut TcpStream, within: Duration) -> io::Result<Vec<u8>> {
    let since = Instant::now();
    let mut line = Vec::new();
    loop {
        if since.elapsed() > within {
            return Err(ErrorKind::TimedOut.into());
        }
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
