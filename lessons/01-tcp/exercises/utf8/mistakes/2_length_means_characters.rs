//! belief: length-means-characters
//! words: The length of a text is its number of characters.
//! check: length_counts_bytes
//! says: 2 characters and 6 bytes

use std::io::{self, ErrorKind, Read, Write};

pub fn send(text: &str, to: &mut impl Write) -> io::Result<()> {
    let length = u8::try_from(text.chars().count()).map_err(|_| ErrorKind::InvalidInput)?;
    to.write_all(&[length])?;
    to.write_all(text.as_bytes())
}

pub fn receive(from: &mut impl Read) -> io::Result<String> {
    let mut length = [0];
    from.read_exact(&mut length)?;
    let mut bytes = vec![0; usize::from(length[0])];
    from.read_exact(&mut bytes)?;
    String::from_utf8(bytes).map_err(|_| ErrorKind::InvalidData.into())
}
