//! belief: growing-is-safe
//! words: Memory that grows with the bytes needs no limit.
//! check: the_limit_is_checked_first
//! says: Nothing more is read

use std::io::{self, ErrorKind, Read};

pub const LIMIT: u64 = 2_147_483_647;

pub fn next_photo(album: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let Some(length) = length(album)? else {
        return Ok(None);
    };
    let mut photo = Vec::new();
    let came = album.take(length).read_to_end(&mut photo)?;
    if (came as u64) < length {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    Ok(Some(photo))
}

fn length(album: &mut impl Read) -> io::Result<Option<u64>> {
    let mut length = 0;
    for shift in (0..64).step_by(7) {
        let mut byte = [0];
        match album.read_exact(&mut byte) {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof && shift == 0 => {
                return Ok(None);
            }
            other => other?,
        }
        length |= u64::from(byte[0] & 0x7f) << shift;
        if byte[0] < 0x80 {
            return Ok(Some(length));
        }
    }
    Err(ErrorKind::InvalidData.into())
}
