//! What is given in this exercise: the answer uses it and does not change it.

use std::io::{self, ErrorKind, Read};

/// The varint in front of a photo; `None` if the album ends here.
pub fn length(album: &mut impl Read) -> io::Result<Option<u64>> {
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
