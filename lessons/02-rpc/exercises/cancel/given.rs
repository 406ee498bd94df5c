//! What is given in this exercise: the answer uses it and does not change it.

use std::io::{self, ErrorKind};

/// The longest body of a frame, in bytes.
pub const MAX: usize = 1000;

/// The length of a body, from the four bytes before it: a `u32`, the most significant byte first.
///
/// `InvalidData` if it is over `MAX`.
pub fn body_length(head: [u8; 4]) -> io::Result<usize> {
    let length = u32::from_be_bytes(head) as usize;
    if length > MAX {
        return Err(ErrorKind::InvalidData.into());
    }
    Ok(length)
}
