use std::io::{self, ErrorKind};

use tokio::io::{AsyncRead, AsyncReadExt};

/// The longest frame.
pub const MAX: usize = 1000;

/// Frames as in lesson 01: a length (`u32`, the most significant byte first), and so many bytes.
pub struct Frames<R> {
    from: R,
}

impl<R: AsyncRead + Unpin> Frames<R> {
    /// Frames out of these bytes.
    pub fn new(from: R) -> Self {
        Frames { from }
    }

    /// The next frame, or `None` if the other side has finished between two frames.
    ///
    /// The future may be dropped at any time, by a timeout or a `select!`. Nothing gets lost by
    /// that: the next call goes on where the dropped one was.
    ///
    /// * `UnexpectedEof`: the stream ended inside a frame.
    /// * `InvalidData`: a length over `MAX`, reported as soon as it is known.
    pub async fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut head = [0; 4];
        if self.from.read(&mut head[..1]).await? == 0 {
            return Ok(None);
        }
        self.from.read_exact(&mut head[1..]).await?;
        let length = u32::from_be_bytes(head) as usize;
        if length > MAX {
            return Err(ErrorKind::InvalidData.into());
        }
        let mut body = vec![0; length];
        self.from.read_exact(&mut body).await?;
        Ok(Some(body))
    }
}
