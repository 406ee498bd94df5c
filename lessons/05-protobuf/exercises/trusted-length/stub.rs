use std::io::{self, ErrorKind, Read};

// Given in given.rs, beside this file: `length`.
pub use super::given::*;

/// The largest photo that there may be: 2 GB. Nobody may lower it, such photos exist.
pub const LIMIT: u64 = 2_147_483_647;

/// The next photo of an album that comes over a connection; `None` if it ends here. In front of each photo
/// stands its length, as a varint.
///
/// A length above the limit is `InvalidData`, and then nothing more is read. If the connection ends inside
/// a photo, that is `UnexpectedEof`. What stands behind the photo stays where it is.
///
/// The server has 4 GB of memory and a hundred clients. A photo that comes may take what it needs. A length
/// is only a few bytes, which anybody can send.
pub fn next_photo(album: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let Some(length) = length(album)? else {
        return Ok(None);
    };
    if length > LIMIT {
        return Err(ErrorKind::InvalidData.into());
    }
    let length = usize::try_from(length).map_err(|_| ErrorKind::InvalidData)?;
    let mut photo = vec![0; length];
    album.read_exact(&mut photo)?;
    Ok(Some(photo))
}
