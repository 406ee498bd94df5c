//! belief: the-request-must-be-complete-first
//! words: All of the request must be there before an answer can begin.
//! check: answers_at_once
//! says: while the client waits for you

use std::io::{self, Read, Write};
use std::net::TcpStream;

pub fn echo(mut stream: TcpStream) -> io::Result<u64> {
    let mut all = Vec::new();
    stream.read_to_end(&mut all)?;
    stream.write_all(&all)?;
    Ok(all.len() as u64)
}
