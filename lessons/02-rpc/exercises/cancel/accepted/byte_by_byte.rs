//! Accepted: one byte at a time, never more than the frame; a queue in place of a `Vec`.

use std::collections::VecDeque;
use std::io::{self, ErrorKind};

use tokio::io::{AsyncRead, AsyncReadExt};

pub use super::given::*;

/// Frames as in lesson 01.
pub struct Frames<R> {
    from: R,
    head: VecDeque<u8>,
    body: Vec<u8>,
}

impl<R: AsyncRead + Unpin> Frames<R> {
    /// Reads frames from this stream.
    pub fn new(from: R) -> Self {
        Frames {
            from,
            head: VecDeque::new(),
            body: Vec::new(),
        }
    }

    /// The body of the next frame.
    pub async fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            let head: Vec<u8> = self.head.iter().copied().collect();
            if let Ok(head) = head.try_into()
                && self.body.len() == body_length(head)?
            {
                self.head.clear();
                return Ok(Some(std::mem::take(&mut self.body)));
            }
            let mut byte = [0];
            if self.from.read(&mut byte).await? == 0 {
                if self.head.is_empty() {
                    return Ok(None);
                }
                return Err(ErrorKind::UnexpectedEof.into());
            }
            if self.head.len() < 4 {
                self.head.push_back(byte[0]);
            } else {
                self.body.push(byte[0]);
            }
        }
    }
}
