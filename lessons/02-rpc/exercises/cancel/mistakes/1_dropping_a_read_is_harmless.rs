//! belief: dropping-a-read-is-harmless
//! words: Dropping a read is harmless.
//! check: a_read_dropped_after_the_length
//! says: Those are the letters `hell`

use std::io::{self, ErrorKind};

use tokio::io::{AsyncRead, AsyncReadExt};

pub const MAX: usize = 1000;

pub struct Frames<R> {
    from: R,
}

impl<R: AsyncRead + Unpin> Frames<R> {
    pub fn new(from: R) -> Self {
        Frames { from }
    }
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
