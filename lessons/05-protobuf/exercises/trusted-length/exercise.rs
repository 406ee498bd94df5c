use std::io::{self, ErrorKind, Read};

// Given in given.rs, beside this file: `length`.
pub use super::given::*;

/// The largest photo that is allowed: 2 GB. Such photos exist, so the limit stays.
pub const LIMIT: u64 = 2_147_483_647;

/// The next photo of an album on a connection; `None` if the connection ends here. Each photo has its length in front, as
/// a varint.
///
/// * A length above the limit is `InvalidData`, and nothing more is read.
/// * If the connection ends inside a photo: `UnexpectedEof`.
/// * The bytes behind the photo belong to the next one, and are not read.
/// * The server has 4 GB of memory and a hundred clients. So memory is allocated only for bytes that have arrived (twice
///   as many at most, and a buffer), and not for a length, which any client can send.
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
