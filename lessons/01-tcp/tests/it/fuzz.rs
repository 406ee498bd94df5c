//! The frame decoder, fed with noise: no panic, nothing made up, and no memory for a length that was
//! only claimed. `FUZZ_SECONDS=600 cargo test -p l01-tcp --test it fuzz` goes on for ten minutes.

use std::io::{self, Read};
use std::pin::Pin;
use std::task::{Context, Poll};

use l01_tcp::frame::{self, FrameError};
use testkit::fuzz::{Dice, MEMORY, alone, budget, peak_memory};
use tokio::io::{AsyncRead, ReadBuf};

/// Longer than most of the noise, shorter than some of its frames.
const LIMIT: usize = 64;

/// A connection that gives its bytes in pieces of any size.
struct Pieces<'a> {
    bytes: &'a [u8],
    dice: Dice,
}

impl Read for Pieces<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let most = buf.len().min(1 + self.dice.below(7));
        self.bytes.read(&mut buf[..most])
    }
}

impl AsyncRead for Pieces<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let n = self.read(buf.initialize_unfilled())?;
        buf.advance(n);
        Poll::Ready(Ok(()))
    }
}

/// Frames, some of them too long, with a few bytes changed, cut off or added.
fn stream(dice: &mut Dice) -> Vec<u8> {
    let mut stream = Vec::new();
    for _ in 0..dice.below(5) {
        let body = dice.bytes(LIMIT + 4);
        stream.extend(frame::encode(&body, frame::LIMIT).unwrap());
    }
    for _ in 0..dice.below(3) {
        let at = dice.below(stream.len() + 1);
        match dice.below(3) {
            0 => stream.truncate(at),
            1 => stream.insert(at, dice.byte()),
            _ => stream.splice(at..at, dice.bytes(8)).for_each(drop),
        }
    }
    stream
}

/// What came out of a stream: the bodies, and why there are no more.
#[derive(Debug, PartialEq, Eq)]
struct Found {
    bodies: Vec<Vec<u8>>,
    end: String,
}

impl Found {
    fn nothing() -> Self {
        Found {
            bodies: Vec::new(),
            end: String::new(),
        }
    }

    /// Takes in what one read gave; `false` if it was the last one.
    fn add(&mut self, read: Result<Option<Vec<u8>>, FrameError>) -> bool {
        match read {
            Ok(Some(body)) => {
                self.bodies.push(body);
                return true;
            }
            Ok(None) => self.end = "finished".to_string(),
            Err(error) => self.end = error.to_string(),
        }
        false
    }
}

#[tokio::test]
async fn noise_never_panics_and_pieces_change_nothing() {
    if !alone() {
        return;
    }
    let before = peak_memory();
    for mut dice in budget("frame decoder", 20_000) {
        let bytes = stream(&mut dice);
        let (mut whole, mut pieces, mut tokio) =
            (Found::nothing(), Found::nothing(), Found::nothing());
        let mut from = &bytes[..];
        while whole.add(frame::read(&mut from, LIMIT)) {}
        let mut from = Pieces {
            bytes: &bytes,
            dice: dice.clone(),
        };
        while pieces.add(frame::read(&mut from, LIMIT)) {}
        let mut from = Pieces {
            bytes: &bytes,
            dice,
        };
        while tokio.add(frame::read_async(&mut from, LIMIT).await) {}
        assert_eq!(whole, pieces, "{bytes:02x?}");
        assert_eq!(whole, tokio, "{bytes:02x?}");

        // Nothing was made up: written again, it is what the stream began with.
        let mut again = Vec::new();
        for body in &whole.bodies {
            again.extend(frame::encode(body, LIMIT).unwrap());
        }
        assert!(bytes.starts_with(&again), "{bytes:02x?}");
        assert_eq!(whole.end == "finished", bytes == again, "{bytes:02x?}");
        // The same with the limit of the lessons, and so with lengths that are believed for a while.
        let mut from = &bytes[..];
        while let Ok(Some(_)) = frame::read(&mut from, frame::LIMIT) {}
    }
    let more = peak_memory().saturating_sub(before);
    assert!(more < MEMORY, "{more} KiB more than before");
}
