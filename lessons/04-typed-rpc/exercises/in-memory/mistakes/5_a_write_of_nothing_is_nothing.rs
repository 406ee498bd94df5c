//! belief: a-write-of-nothing-is-nothing
//! words: Sending nothing does nothing.
//! check: waiting_is_not_the_end
//! says: came back before there was anything

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
        let sent = self.out.send(buf.to_vec());
        sent.map_err(|_| io::Error::from(ErrorKind::BrokenPipe))?;
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
