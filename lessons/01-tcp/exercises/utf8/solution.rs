//! A connection carries bytes. A piece may end in the
//! middle of a character, so the whole frame is collected first and decoded once. The length
//! counts bytes: `你` is one character and three bytes. Bytes that are not UTF-8 are
//! reported, not replaced: a caller that gets a `\u{FFFD}` has lost the original and does not know it.

use std::io::{self, ErrorKind, Read, Write};

/// Sends a text: one byte that says how many bytes follow, then the text in UTF-8.
pub fn send(text: &str, to: &mut impl Write) -> io::Result<()> {
    // Before the first byte is sent: afterwards it would be too late to refuse.
    let length = u8::try_from(text.len()).map_err(|_| ErrorKind::InvalidInput)?;
    to.write_all(&[length])?;
    to.write_all(text.as_bytes())
}

/// Receives such a text, whatever pieces its bytes arrive in.
pub fn receive(from: &mut impl Read) -> io::Result<String> {
    let mut length = [0];
    from.read_exact(&mut length)?;
    let mut bytes = vec![0; usize::from(length[0])];
    from.read_exact(&mut bytes)?;
    String::from_utf8(bytes).map_err(|_| ErrorKind::InvalidData.into())
}
