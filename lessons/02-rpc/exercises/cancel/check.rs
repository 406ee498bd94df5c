//! The check of `cancel`. It polls a future once, as a `select!` does, and drops it. That needs no clock and no
//! runtime.

mod exercise;
mod given;

use std::future::Future;
use std::io::{self, ErrorKind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use exercise::Frames;
use testkit::{Case, View, case};
use tokio::io::{AsyncRead, AsyncWriteExt, DuplexStream, ReadBuf};

/// Polls the future once, and drops it.
fn poll_once<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut context = Context::from_waker(Waker::noop());
    match pin!(future).poll(&mut context) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

type Answer = io::Result<Option<Vec<u8>>>;

/// A pipe in memory, which holds so many bytes: the check writes, the learner's frames read.
fn pipe(holds: usize) -> (DuplexStream, Frames<DuplexStream>) {
    let (near, far) = tokio::io::duplex(holds);
    (near, Frames::new(far))
}

fn send(to: &mut DuplexStream, bytes: &[u8]) {
    let sent = poll_once(to.write_all(bytes));
    assert!(matches!(sent, Some(Ok(()))), "room in the pipe");
}

fn frame(body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).expect("a short body");
    [&length.to_be_bytes(), body].concat()
}

fn view(answer: &Option<Answer>) -> String {
    match answer {
        Some(answer) => answer.view(),
        None => "still waiting".to_string(),
    }
}

#[track_caller]
fn expect_frame(case: &Case, expected: &[u8], answer: &Option<Answer>, advice: &str) {
    if !matches!(answer, Some(Ok(Some(frame))) if frame == expected) {
        case.differ(
            Ok::<_, io::Error>(Some(expected)).view(),
            view(answer),
            advice,
        );
    }
}

#[track_caller]
fn expect_error(case: &Case, kind: ErrorKind, answer: &Option<Answer>, advice: &str) {
    if !matches!(answer, Some(Err(error)) if error.kind() == kind) {
        case.differ(format!("Err: {kind:?}"), view(answer), advice);
    }
}

/// Polls while the frame is incomplete, and drops the future.
#[track_caller]
fn expect_waiting(case: &Case, frames: &mut Frames<DuplexStream>) {
    let answer = poll_once(frames.next());
    if answer.is_some() {
        let advice = "The frame is not complete, and the stream has not ended: wait.";
        case.differ("still waiting", view(&answer), advice);
    }
}

/// What the learner's frames make of a read that was dropped, in words for the answer that was seen.
fn dropped(answer: &Option<Answer>) -> &'static str {
    match answer {
        Some(Err(error)) if error.kind() == ErrorKind::InvalidData => {
            "`InvalidData`: bytes of the body were read as a length. The dropped future had read the length \
             into a local variable, and took it along. Keep everything that was read in `self`."
        }
        None => {
            "All bytes of the frame have been sent, and the future still waits for the bytes that the \
             dropped one took along. Keep everything that was read in `self`: the length and the body."
        }
        _ => "Bytes were lost with the dropped future. Keep everything that was read in `self`.",
    }
}

// Nothing is dropped here: frames as in lesson 01.
#[test]
fn a_frame_without_a_drop() {
    case("A frame that is there completely", |case| {
        let (mut wire, mut frames) = pipe(4096);
        send(&mut wire, &frame(b"hello"));
        let advice = "No future was dropped here: return the body of the frame.";
        expect_frame(case, b"hello", &poll_once(frames.next()), advice);
        drop(wire);
        let end = poll_once(frames.next());
        if !matches!(end, Some(Ok(None))) {
            let advice = "The stream ended between two frames: that is `Ok(None)`.";
            case.differ("Ok(None)", view(&end), advice);
        }
    });
}

// The belief of this exercise. The dropped future had read the length, and nothing else knows it.
#[test]
fn a_read_dropped_after_the_length() {
    let title = "The length arrives, the read is dropped, the rest arrives";
    case(title, |case| {
        let (mut wire, mut frames) = pipe(4096);
        let hello = frame(b"hello");
        send(&mut wire, &hello[..4]);
        expect_waiting(case, &mut frames);
        send(&mut wire, &hello[4..]);
        let answer = poll_once(frames.next());
        expect_frame(case, b"hello", &answer, dropped(&answer));
    });
}

// The same at every other place of a frame.
#[test]
fn a_read_dropped_at_every_byte() {
    let hello = frame(b"hello");
    case("A read is dropped once, somewhere in the frame", |case| {
        for cut in 1..hello.len() {
            let (mut wire, mut frames) = pipe(4096);
            send(&mut wire, &hello[..cut]);
            expect_waiting(case, &mut frames);
            send(&mut wire, &hello[cut..]);
            let answer = poll_once(frames.next());
            expect_frame(case, b"hello", &answer, dropped(&answer));
        }
    });
    case("A read is dropped after every single byte", |case| {
        let (mut wire, mut frames) = pipe(4096);
        let (last, first) = hello.split_last().expect("a frame is not empty");
        for _ in 0..2 {
            for byte in first {
                send(&mut wire, &[*byte]);
                expect_waiting(case, &mut frames);
            }
            send(&mut wire, &[*last]);
            let answer = poll_once(frames.next());
            expect_frame(case, b"hello", &answer, dropped(&answer));
        }
    });
}

// A read that takes more than one frame keeps the rest.
#[test]
fn two_frames_in_one_read() {
    case(
        "`hello`, an empty frame and half of `okay` arrive together",
        |case| {
            let (mut wire, mut frames) = pipe(4096);
            let okay = frame(b"okay");
            send(
                &mut wire,
                &[frame(b"hello"), frame(b""), okay[..6].to_vec()].concat(),
            );
            let advice = "The bytes after a frame belong to the next frame: keep them, and return it without another read.";
            expect_frame(case, b"hello", &poll_once(frames.next()), advice);
            expect_frame(case, b"", &poll_once(frames.next()), advice);
            expect_waiting(case, &mut frames);
            send(&mut wire, &okay[6..]);
            expect_frame(case, b"okay", &poll_once(frames.next()), advice);
        },
    );
}

// The end is in order only between two frames, and a dropped read does not change that.
#[test]
fn the_end_inside_a_frame() {
    let hello = frame(b"hello");
    for cut in [2, 4, 7] {
        let title = format!("{cut} of 9 bytes arrive, the read is dropped, the stream ends");
        case(&title, |case| {
            let (mut wire, mut frames) = pipe(4096);
            send(&mut wire, &hello[..cut]);
            expect_waiting(case, &mut frames);
            drop(wire);
            let advice = "The stream ended inside a frame: `UnexpectedEof`. `Ok(None)` is for an end between two \
                          frames.";
            let answer = poll_once(frames.next());
            expect_error(case, ErrorKind::UnexpectedEof, &answer, advice);
        });
    }
}

/// A stream with some bytes, which then breaks.
struct Broken(&'static [u8]);

impl AsyncRead for Broken {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.0.is_empty() {
            return Poll::Ready(Err(ErrorKind::ConnectionReset.into()));
        }
        let (now, later) = self.0.split_at(self.0.len().min(into.remaining()));
        into.put_slice(now);
        self.0 = later;
        Poll::Ready(Ok(()))
    }
}

// A stream that breaks has not ended.
#[test]
fn the_error_of_a_broken_stream_is_returned() {
    for bytes in [&b""[..], b"\0\0\0\x05", b"\0\0\0\x05hel"] {
        let title = format!("{} bytes of a frame, then the stream breaks", bytes.len());
        case(&title, |case| {
            let mut frames = Frames::new(Broken(bytes));
            let advice = "The stream returned an error and not 0 bytes: return this error.";
            let answer = poll_once(frames.next());
            expect_error(case, ErrorKind::ConnectionReset, &answer, advice);
        });
    }
}

// The limit protects the memory, so it is checked before the body arrives.
#[test]
fn the_length_has_a_limit() {
    for length in [given::MAX + 1, 0x7fff_ffff] {
        case(&format!("A length of {length}, without a body"), |case| {
            let (mut wire, mut frames) = pipe(4096);
            let head = u32::try_from(length).expect("a length").to_be_bytes();
            send(&mut wire, &head[..3]);
            expect_waiting(case, &mut frames);
            send(&mut wire, &head[3..]);
            let advice =
                "The length is over `MAX`: `InvalidData` as soon as its four bytes are there.";
            let answer = poll_once(frames.next());
            expect_error(case, ErrorKind::InvalidData, &answer, advice);
        });
    }
    let title = "A frame of 1000 bytes, which is `MAX`, in pieces; a read is dropped after each";
    case(title, |case| {
        let (mut wire, mut frames) = pipe(96);
        let body: Vec<u8> = (b'a'..=b'z').cycle().take(given::MAX).collect();
        let bytes = frame(&body);
        let mut pieces = bytes.chunks(93).peekable();
        while let Some(piece) = pieces.next() {
            send(&mut wire, piece);
            if pieces.peek().is_some() {
                expect_waiting(case, &mut frames);
            }
        }
        let answer = poll_once(frames.next());
        expect_frame(case, &body, &answer, dropped(&answer));
    });
}
