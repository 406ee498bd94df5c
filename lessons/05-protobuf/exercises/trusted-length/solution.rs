//! A limit is the first answer to a length, and it is enough while a server can give everybody that much.
//! Here it cannot: the limit is 2 GB because such photos exist, and it costs a stranger five bytes to name
//! it. So memory follows what has *come*. `take` stops at the length, and `read_to_end` begins with a small
//! buffer and makes it larger as it fills: whoever wants 2 GB of ours must send 2 GB. It does not mind
//! an early end, so the last comparison is ours.

use std::io::{self, ErrorKind, Read};

// Given in given.rs, beside this file: `length`.
pub use super::given::*;

/// The largest photo that there may be: 2 GB.
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
    let came = album.take(length).read_to_end(&mut photo)?;
    if u64::try_from(came).map_err(|_| ErrorKind::InvalidData)? < length {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    Ok(Some(photo))
}
