//! belief: zero-bytes-means-nothing-yet
//! words: 0 bytes means nothing yet.
//! check: ends_with_the_client
//! says: you read on for ever

use std::io::{self, Read, Write};
use std::net::TcpStream;

pub fn echo(mut stream: TcpStream) -> io::Result<u64> {
    let mut buf = [0; 1024];
    loop {
        let n = stream.read(&mut buf)?;
        if n == 0 {
            continue;
        }
        stream.write_all(&buf[..n])?;
    }
}
