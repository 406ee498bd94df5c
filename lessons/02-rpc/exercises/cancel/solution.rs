//! A dropped future drops its local variables. Bytes that were taken from the stream into a local variable are lost
//! then, and the next read begins in the middle of a frame. So `next` keeps no bytes of its own: everything that it reads
//! goes into `self.pending` at once. Its only `.await` is a `read_buf`, which has either added bytes there or read
//! none: tokio's documentation calls that cancel safe, and says the opposite of `read_exact`. Another good
//! design is a task that reads whole frames and sends them through a channel, because no caller drops that task.

use std::io::{self, ErrorKind};

use tokio::io::{AsyncRead, AsyncReadExt};

// Given in given.rs, beside this file: `MAX` and `body_length`.
pub use super::given::*;

/// Frames as in lesson 01: four bytes with the length of the body, and the body.
pub struct Frames<R> {
    from: R,
    /// Bytes that were read and not returned: part of a frame, or several frames.
    pending: Vec<u8>,
}

impl<R: AsyncRead + Unpin> Frames<R> {
    /// Reads frames from this stream.
    pub fn new(from: R) -> Self {
        let pending = Vec::new();
        Frames { from, pending }
    }

    /// The body of the next frame, or `None` if the stream ends between two frames.
    pub async fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            if let Some(head) = self.pending.first_chunk() {
                let end = 4 + body_length(*head)?;
                if self.pending.len() >= end {
                    return Ok(Some(self.pending.drain(..end).skip(4).collect()));
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
