//! belief: an-early-end-is-a-short-message
//! words: What came before the end is the message.
//! check: the_end_is_polite_only_between_messages
//! says: Half a message must not pass

use std::io::{self, ErrorKind, Read};

pub const MAX: usize = 1000;

pub fn read_message(stream: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let Some(head) = head(stream)? else {
        return Ok(None);
    };
    let length: usize = head.parse().map_err(|_| ErrorKind::InvalidData)?;
    if length > MAX {
        return Err(ErrorKind::InvalidData.into());
    }
    let mut message = Vec::new();
    stream.take(length as u64).read_to_end(&mut message)?;
    Ok(Some(message))
}

/// The digits before the colon.
fn head(stream: &mut impl Read) -> io::Result<Option<String>> {
    let mut head = String::new();
    loop {
        let mut byte = [0];
        match stream.read(&mut byte)? {
            0 if head.is_empty() => return Ok(None),
            0 => return Err(ErrorKind::UnexpectedEof.into()),
            _ if byte[0] == b':' && !head.is_empty() => return Ok(Some(head)),
            _ if byte[0].is_ascii_digit() => head.push(char::from(byte[0])),
            _ => return Err(ErrorKind::InvalidData.into()),
        }
    }
}
