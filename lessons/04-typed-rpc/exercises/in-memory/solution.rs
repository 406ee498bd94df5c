//! A connection is two queues, one in each direction, so each end has the sender of one and the
//! receiver of the other. The channel brings the hard parts along: `recv` waits, and dropping an
//! end tells the other one. What a channel does not have is what makes a stream: pieces may be cut,
//! so the rest of one is kept for the next read; and an empty piece must not be sent, because a
//! read that returns 0 means the end. The queue has no limit: fine for a test that writes little,
//! and the reason why tokio's `duplex`, which `src/memory.rs` uses, asks for a size.

use std::io::{self, ErrorKind, Read, Write};
use std::sync::mpsc::{Receiver, Sender, channel};

/// One end of a connection: what is written to it is read at the other one, as on a TCP stream.
pub struct End {
    out: Sender<Vec<u8>>,
    pieces: Receiver<Vec<u8>>,
    /// What the last read had no room for.
    rest: Vec<u8>,
}

/// Two ends of a connection, for tests: no socket, no port, nothing of the system's.
pub fn pipe() -> (End, End) {
    let (one, other) = (channel(), channel());
    let end = |out, pieces| End {
        out,
        pieces,
        rest: Vec::new(),
    };
    (end(one.0, other.1), end(other.0, one.1))
}

impl Read for End {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.rest.is_empty() {
            // An error means that the other end is gone, and everything it wrote has been taken.
            match self.pieces.recv() {
                Ok(piece) => self.rest = piece,
                Err(_) => return Ok(0),
            }
        }
        let n = buf.len().min(self.rest.len());
        buf[..n].copy_from_slice(&self.rest[..n]);
        self.rest.drain(..n);
        Ok(n)
    }
}

impl Write for End {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        if !buf.is_empty() {
            let sent = self.out.send(buf.to_vec());
            sent.map_err(|_| io::Error::from(ErrorKind::BrokenPipe))?;
        }
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
