//! belief: bytes-come-in-lines
//! words: Whatever is sent ends with a newline.
//! check: answers_at_once
//! says: for a newline

use std::io::{self, BufRead, BufReader, Write};
use std::net::TcpStream;

pub fn echo(stream: TcpStream) -> io::Result<u64> {
    let mut total = 0;
    let mut reader = BufReader::new(&stream);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line)? > 0 {
        (&stream).write_all(&line)?;
        total += line.len() as u64;
        line.clear();
    }
    Ok(total)
}
