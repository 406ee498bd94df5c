//! belief: large-means-attack
//! words: Whoever sends much means harm.
//! check: real_photos_are_large
//! says: Such photos exist

use std::io::{self, ErrorKind, Read};

pub const LIMIT: u64 = 2_147_483_647;

pub fn next_photo(album: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let Some(length) = length(album)? else {
        return Ok(None);
    };
    if length > 1024 * 1024 {
        return Err(ErrorKind::InvalidData.into());
    }
    let length = usize::try_from(length).map_err(|_| ErrorKind::InvalidData)?;
    let mut photo = vec![0; length];
    album.read_exact(&mut photo)?;
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
