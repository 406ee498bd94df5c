//! belief: what-follows-is-a-left-over
//! words: After a frame the buffer is empty.
//! check: two_frames_in_one_read
//! says: belongs to the next frame

use std::io::{self, ErrorKind};

use tokio::io::{AsyncRead, AsyncReadExt};

pub const MAX: usize = 1000;

pub struct Frames<R> {
    from: R,
    pending: Vec<u8>,
}

impl<R: AsyncRead + Unpin> Frames<R> {
    pub fn new(from: R) -> Self {
        Frames {
            from,
            pending: Vec::new(),
        }
    }

    pub async fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            if let Some(head) = self.pending.first_chunk() {
                let length = u32::from_be_bytes(*head) as usize;
                if length > MAX {
                    return Err(ErrorKind::InvalidData.into());
                }
                if self.pending.len() >= 4 + length {
                    let frame = std::mem::take(&mut self.pending);
                    return Ok(Some(frame[4..4 + length].to_vec()));
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
