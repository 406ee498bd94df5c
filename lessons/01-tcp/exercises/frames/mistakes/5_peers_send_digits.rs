//! belief: peers-keep-to-the-protocol
//! words: A peer sends what the protocol says, so `unwrap` is fine.
//! check: refuses_a_length_it_cannot_trust
//! says: your code panicked

use std::io::{self, ErrorKind, Read};

pub const MAX: usize = 1000;

pub fn read_message(stream: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let Some(head) = head(stream)? else {
        return Ok(None);
    };
    let length: usize = head.parse().unwrap();
    if length > MAX {
        return Err(ErrorKind::InvalidData.into());
    }
    let mut message = vec![0; length];
    stream.read_exact(&mut message)?;
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
            _ if byte[0] == b':' => return Ok(Some(head)),
            _ => head.push(char::from(byte[0])),
        }
    }
}
