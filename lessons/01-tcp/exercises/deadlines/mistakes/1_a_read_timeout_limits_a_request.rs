//! belief: a-read-timeout-limits-a-request
//! words: A read timeout limits a request.
//! check: a_drip_is_cut_off
//! says: every single read was

use std::io::{self, ErrorKind, Read};
use std::net::TcpStream;
use std::time::Duration;

pub fn read_request(stream: &mut TcpStream, within: Duration) -> io::Result<Vec<u8>> {
    stream.set_read_timeout(Some(within))?;
    let mut line = Vec::new();
    loop {
        let mut byte = [0];
        match stream.read(&mut byte) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(_) if byte[0] == b'\n' => return Ok(line),
            Ok(_) => line.push(byte[0]),
            Err(_) => return Err(ErrorKind::TimedOut.into()),
        }
    }
}
