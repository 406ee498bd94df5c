//! belief: one-write-is-one-read
//! words: One write is one read.
//! check: pieces_are_joined
//! says: what has arrived so far

use std::io::{self, ErrorKind, Read};

pub const MAX: usize = 1000;

pub fn read_message(stream: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut buf = [0; MAX + 10];
    let n = stream.read(&mut buf)?;
    if n == 0 {
        return Ok(None);
    }
    let colon = buf[..n].iter().position(|byte| *byte == b':');
    let colon = colon.ok_or(ErrorKind::InvalidData)?;
    Ok(Some(buf[colon + 1..n].to_vec()))
}
