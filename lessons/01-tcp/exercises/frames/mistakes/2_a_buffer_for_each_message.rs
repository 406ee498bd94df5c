//! belief: a-buffer-reads-only-what-is-asked
//! words: A `BufReader` takes no more from the stream than I take from it.
//! check: two_messages_in_one_piece
//! says: The second message was lost

use std::io::{self, BufRead, BufReader, ErrorKind, Read};

pub const MAX: usize = 1000;

pub fn read_message(stream: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut reader = BufReader::new(stream);
    let mut head = Vec::new();
    if reader.read_until(b':', &mut head)? == 0 {
        return Ok(None);
    }
    if head.pop() != Some(b':') {
        let digits = head.iter().all(u8::is_ascii_digit);
        let kind = if digits {
            ErrorKind::UnexpectedEof
        } else {
            ErrorKind::InvalidData
        };
        return Err(kind.into());
    }
    if head.is_empty() || head.len() > 4 || !head.iter().all(u8::is_ascii_digit) {
        return Err(ErrorKind::InvalidData.into());
    }
    let length = head
        .iter()
        .fold(0, |sum, digit| sum * 10 + usize::from(digit - b'0'));
    if length > MAX {
        return Err(ErrorKind::InvalidData.into());
    }
    let mut message = vec![0; length];
    reader.read_exact(&mut message)?;
    Ok(Some(message))
}
