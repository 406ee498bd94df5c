//! belief: what-came-is-the-message
//! words: What has come is the message.
//! check: half_a_photo_is_an_error
//! says: is not the photo

use std::io::{self, ErrorKind, Read};

pub const LIMIT: u64 = 2_147_483_647;

pub fn next_photo(album: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let Some(length) = length(album)? else {
        return Ok(None);
    };
    if length > LIMIT {
        return Err(ErrorKind::InvalidData.into());
    }
    let mut photo = Vec::new();
    album.take(length).read_to_end(&mut photo)?;
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
