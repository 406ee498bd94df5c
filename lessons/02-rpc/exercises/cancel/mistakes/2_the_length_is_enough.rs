//! belief: the-length-is-enough
//! words: Only the length must outlive a dropped read.
//! check: a_read_dropped_at_every_byte
//! says: took bytes with it

use std::io::{self, ErrorKind};

use tokio::io::{AsyncRead, AsyncReadExt};

pub const MAX: usize = 1000;

pub struct Frames<R> {
    from: R,
    head: Vec<u8>,
}

impl<R: AsyncRead + Unpin> Frames<R> {
    pub fn new(from: R) -> Self {
        Frames {
            from,
            head: Vec::new(),
        }
    }

    pub async fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        while self.head.len() < 4 {
            let mut byte = [0];
            if self.from.read(&mut byte).await? == 0 {
                return match self.head.is_empty() {
                    true => Ok(None),
                    false => Err(ErrorKind::UnexpectedEof.into()),
                };
            }
            self.head.push(byte[0]);
        }
        let head: [u8; 4] = self.head[..4].try_into().map_err(io::Error::other)?;
        let length = u32::from_be_bytes(head) as usize;
        if length > MAX {
            return Err(ErrorKind::InvalidData.into());
        }
        let mut body = vec![0; length];
        self.from.read_exact(&mut body).await?;
        self.head.clear();
        Ok(Some(body))
    }
}
