//! A limit is the first answer to a length, and it is enough where a server can afford that much for each client. Here it
//! cannot: the limit is 2 GB, and naming it takes a client five bytes. So memory follows the bytes that have *arrived*.
//! `take` stops at the length, and `read_to_end` begins with a small buffer and enlarges it as it fills. It accepts an early
//! end, so the number of bytes is compared afterwards.

use std::io::{self, ErrorKind, Read};

// Given in given.rs, beside this file: `length`.
pub use super::given::*;

/// The largest photo that is allowed: 2 GB.
pub const LIMIT: u64 = 2_147_483_647;

/// The next photo of an album; `None` if it ends here.
pub fn next_photo(album: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let Some(length) = length(album)? else {
        return Ok(None);
    };
    if length > LIMIT {
        return Err(ErrorKind::InvalidData.into());
    }
    let mut photo = Vec::new();
    let read = album.take(length).read_to_end(&mut photo)?;
    if u64::try_from(read).map_err(|_| ErrorKind::InvalidData)? < length {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    Ok(Some(photo))
}
