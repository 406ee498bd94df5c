//! A future that is dropped takes its local variables with it. Bytes that have been taken out of the
//! stream and lie in a local variable are gone then, and the next read begins in the middle of a
//! frame. So nothing that was read is kept in `next`: it goes into `self.pending` at once. The one
//! `.await` is a `read_buf`, which either has put bytes there or has read none (its documentation
//! calls that cancel safe; of `read_exact` it says the opposite). A task of its own that reads whole
//! frames and sends them through a channel is the other good answer: nobody drops it.

use std::io::{self, ErrorKind};

use tokio::io::{AsyncRead, AsyncReadExt};

/// The longest frame.
pub const MAX: usize = 1000;

/// Frames as in lesson 01: a length (`u32`, the most significant byte first), and so many bytes.
pub struct Frames<R> {
    from: R,
    /// Read and not yet returned: part of a frame, or several.
    pending: Vec<u8>,
}

impl<R: AsyncRead + Unpin> Frames<R> {
    /// Frames out of these bytes.
    pub fn new(from: R) -> Self {
        Frames {
            from,
            pending: Vec::new(),
        }
    }

    /// The next frame, or `None` if the other side has finished between two frames.
    pub async fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            if let Some(head) = self.pending.first_chunk() {
                let length = u32::from_be_bytes(*head) as usize;
                if length > MAX {
                    return Err(ErrorKind::InvalidData.into());
                }
                if self.pending.len() >= 4 + length {
                    let rest = self.pending.split_off(4 + length);
                    let frame = std::mem::replace(&mut self.pending, rest);
                    return Ok(Some(frame[4..].to_vec()));
                }
            }
            if self.from.read_buf(&mut self.pending).await? == 0 {
                return match self.pending.is_empty() {
                    true => Ok(None),
                    false => Err(ErrorKind::UnexpectedEof.into()),
                };
            }
        }
    }
}
