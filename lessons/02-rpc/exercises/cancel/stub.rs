use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

// Given in given.rs, beside this file: `MAX` and `body_length`.
pub use super::given::*;

/// Frames as in lesson 01: four bytes with the length of the body, and the body.
pub struct Frames<R> {
    from: R,
}

impl<R: AsyncRead + Unpin> Frames<R> {
    /// Reads frames from this stream.
    pub fn new(from: R) -> Self {
        Frames { from }
    }

    /// The body of the next frame, or `None` if the stream ends between two frames.
    ///
    /// * The caller may drop the future at any time, as a timeout or a `select!` does. The next call then goes on
    ///   with all bytes that have been read.
    /// * Bytes after the frame belong to the next frame.
    /// * `UnexpectedEof`: the stream ends inside a frame, also if the future was dropped inside it.
    /// * `InvalidData`: a length over `MAX`, as soon as its four bytes are there.
    /// * Another error of the stream is returned. The check has no tokio runtime, so a task cannot be spawned.
    ///
    /// So far a dropped future takes bytes with it.
    pub async fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut head = [0; 4];
        if self.from.read(&mut head[..1]).await? == 0 {
            return Ok(None);
        }
        self.from.read_exact(&mut head[1..]).await?;
        let mut body = vec![0; body_length(head)?];
        self.from.read_exact(&mut body).await?;
        Ok(Some(body))
    }
}
