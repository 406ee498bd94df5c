//! A connection without a socket. The network may cut a message anywhere and loopback hardly ever
//! does, so a check that wants a certain cut plays it: each read returns one piece, no more.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::panic::panic_any;

use crate::{Report, view_bytes};

/// So many reads at the end are no accident but a loop that never stops.
const PATIENT_READS: u32 = 1000;

/// Plays back pieces, one a read. Made by [`crate::Case::pieces`].
pub struct Pieces {
    situation: String,
    left: VecDeque<Vec<u8>>,
    stays_open: bool,
    reads_at_end: u32,
}

impl Pieces {
    pub(crate) fn new<B: AsRef<[u8]>>(
        situation: &str,
        pieces: impl IntoIterator<Item = B>,
    ) -> Self {
        let left = pieces
            .into_iter()
            .map(|piece| piece.as_ref().to_vec())
            .collect();
        Pieces {
            situation: situation.to_string(),
            left,
            stays_open: false,
            reads_at_end: 0,
        }
    }

    /// After the last piece the other side says nothing more and does not close. On a real
    /// connection a further read would wait for ever; here it fails the check at once.
    pub fn then_silence(mut self) -> Self {
        self.stays_open = true;
        self
    }

    /// Returns the bytes that have not been read yet.
    pub fn rest(&self) -> Vec<u8> {
        self.left.iter().flatten().copied().collect()
    }

    fn fail(&self, report: Report) -> ! {
        // The payload tells the panic hook that these words are for the learner.
        panic_any(report)
    }
}

impl Read for Pieces {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        let Some(piece) = self.left.front_mut() else {
            self.reads_at_end += 1;
            if self.stays_open {
                self.fail(
                    Report::new(&self.situation)
                        .detail("expected", "an answer, now that all of the message is here")
                        .detail("your answer", "you called `read` once more")
                        .advice(
                            "The connection stays open and nothing more comes, so on a real one \
                             that read waits for ever. Stop when the message is complete.",
                        ),
                );
            }
            if self.reads_at_end >= PATIENT_READS {
                self.fail(
                    Report::new(&self.situation)
                        .detail("expected", "you stop at the end of the connection")
                        .detail("your answer", format!("{} more reads", self.reads_at_end))
                        .advice(
                            "0 bytes from `read` do not mean \"nothing yet\". They mean that the \
                             other side has finished: no byte will ever come again.",
                        ),
                );
            }
            return Ok(0);
        };
        let n = piece.len().min(buf.len());
        buf[..n].copy_from_slice(&piece[..n]);
        piece.drain(..n);
        if piece.is_empty() {
            self.left.pop_front();
        }
        Ok(n)
    }
}

impl std::fmt::Debug for Pieces {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let left: Vec<String> = self.left.iter().map(|piece| view_bytes(piece)).collect();
        write!(f, "Pieces({})", left.join(" + "))
    }
}
