//! A connection is two queues, one for each direction, so each end has the sender of one and the receiver of the
//! other. The channel does the hard parts: `recv` waits, and dropping an end wakes and informs the other one. Two parts
//! of a stream are missing in a channel. A read may have less space than a piece has bytes, so the rest is kept. And an
//! empty piece must not be sent, because a read that returns 0 means the end. The queue is unbounded, which is fine for
//! a test that writes little; tokio's `duplex` asks for a size.

use std::io::{self, ErrorKind, Read, Write};
use std::sync::mpsc::{Receiver, Sender, channel};

/// One end of a connection: what is written to it is read at the other end, as on a TCP stream.
pub struct End {
    out: Sender<Vec<u8>>,
    pieces: Receiver<Vec<u8>>,
    /// The bytes of a piece that the last read had no space for.
    rest: Vec<u8>,
}

/// Makes the two ends of a connection for tests, without a socket, a port or a file.
pub fn pipe() -> (End, End) {
    let (one, other) = (channel(), channel());
    let end = |out, pieces, rest| End { out, pieces, rest };
    (end(one.0, other.1, vec![]), end(other.0, one.1, vec![]))
}

impl Read for End {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.rest.is_empty() {
            // An error means that the other end is gone and all of its pieces were taken: nothing is left.
            self.rest = self.pieces.recv().unwrap_or_default();
        }
        let n = self.rest.as_slice().read(buf)?;
        self.rest.drain(..n);
        Ok(n)
    }
}

impl Write for End {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        if !buf.is_empty() {
            let sent = self.out.send(buf.to_vec());
            sent.map_err(|_| ErrorKind::BrokenPipe)?;
        }
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
