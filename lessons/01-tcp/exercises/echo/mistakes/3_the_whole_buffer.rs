//! belief: the-buffer-is-the-message
//! words: The buffer holds the message and nothing else.
//! check: answers_at_once
//! says: only what this `read` has filled

use std::io::{self, Read, Write};
use std::net::TcpStream;

pub fn echo(mut stream: TcpStream) -> io::Result<u64> {
    let mut buf = [0; 1024];
    let mut total = 0;
    loop {
        let n = stream.read(&mut buf)?;
        if n == 0 {
            return Ok(total);
        }
        stream.write_all(&buf)?;
        total += n as u64;
    }
}
