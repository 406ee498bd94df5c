//! belief: the-network-works
//! words: Reads and writes work; `unwrap` is fine.
//! check: takes_a_client_that_breaks_off
//! says: your code panicked

use std::io::{self, Read, Write};
use std::net::TcpStream;

pub fn echo(mut stream: TcpStream) -> io::Result<u64> {
    let mut buf = [0; 1024];
    let mut total = 0;
    loop {
        let n = stream.read(&mut buf).unwrap();
        if n == 0 {
            return Ok(total);
        }
        stream.write_all(&buf[..n]).unwrap();
        total += n as u64;
    }
}
