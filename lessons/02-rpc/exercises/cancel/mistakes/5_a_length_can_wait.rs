//! belief: a-length-can-wait
//! words: The length is looked at when the frame is complete.
//! check: a_length_has_a_limit
//! says: as soon as it is known

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
                if self.pending.len() >= 4 + length {
                    if length > MAX {
                        return Err(ErrorKind::InvalidData.into());
                    }
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
