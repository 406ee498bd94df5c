//! belief: a-chunk-is-text
//! words: A chunk is text.
//! check: a_character_in_two_pieces
//! says: decode the whole frame

use std::io::{self, ErrorKind, Read, Write};

pub fn send(text: &str, to: &mut impl Write) -> io::Result<()> {
    let length = u8::try_from(text.len()).map_err(|_| ErrorKind::InvalidInput)?;
    to.write_all(&[length])?;
    to.write_all(text.as_bytes())
}

pub fn receive(from: &mut impl Read) -> io::Result<String> {
    let mut length = [0];
    from.read_exact(&mut length)?;
    let mut left = usize::from(length[0]);
    let mut text = String::new();
    while left > 0 {
        let mut buf = [0; 255];
        let n = from.read(&mut buf[..left])?;
        if n == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let piece = std::str::from_utf8(&buf[..n]).map_err(|_| ErrorKind::InvalidData)?;
        text.push_str(piece);
        left -= n;
    }
    Ok(text)
}
