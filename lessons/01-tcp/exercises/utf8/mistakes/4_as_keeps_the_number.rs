//! belief: as-keeps-the-number
//! words: `as u8` gives the same number in a smaller type.
//! check: too_long_is_refused
//! says: cutting it off makes 44

use std::io::{self, ErrorKind, Read, Write};

pub fn send(text: &str, to: &mut impl Write) -> io::Result<()> {
    to.write_all(&[text.len() as u8])?;
    to.write_all(text.as_bytes())
}

pub fn receive(from: &mut impl Read) -> io::Result<String> {
    let mut length = [0];
    from.read_exact(&mut length)?;
    let mut bytes = vec![0; usize::from(length[0])];
    from.read_exact(&mut bytes)?;
    String::from_utf8(bytes).map_err(|_| ErrorKind::InvalidData.into())
}
