//! belief: lossy-is-safe
//! words: Replacing what I cannot read is safer than an error.
//! check: bytes_that_are_no_text
//! says: a replaced character is a changed

use std::io::{self, ErrorKind, Read, Write};

pub fn send(text: &str, to: &mut impl Write) -> io::Result<()> {
    let length = u8::try_from(text.len()).map_err(|_| ErrorKind::InvalidInput)?;
    to.write_all(&[length])?;
    to.write_all(text.as_bytes())
}

pub fn receive(from: &mut impl Read) -> io::Result<String> {
    let mut length = [0];
    from.read_exact(&mut length)?;
    let mut bytes = vec![0; usize::from(length[0])];
    from.read_exact(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
