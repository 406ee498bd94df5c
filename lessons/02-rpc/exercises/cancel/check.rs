//! The check of `cancel`. It asks a future once, as a `select!` does, and drops it. No clock and no
//! runtime is needed for that.

mod exercise;

use std::future::Future;
use std::io::{self, ErrorKind};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use exercise::Frames;
use testkit::{Case, View, case};
use tokio::io::{AsyncWriteExt, DuplexStream};

/// Asks once; the future is dropped then, whatever it said.
fn ask_once<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut context = Context::from_waker(Waker::noop());
    match pin!(future).poll(&mut context) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

type Answer = io::Result<Option<Vec<u8>>>;

/// A pipe in memory: the check writes, the learner's frames read.
fn pipe() -> (DuplexStream, Frames<DuplexStream>) {
    let (near, far) = tokio::io::duplex(4096);
    (near, Frames::new(far))
}

fn send(to: &mut DuplexStream, bytes: &[u8]) {
    let sent = ask_once(to.write_all(bytes));
    assert!(matches!(sent, Some(Ok(()))), "room in the pipe");
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

/// Asks when nothing can be there yet.
#[track_caller]
fn expect_waiting(case: &Case, answer: &Option<Answer>) {
    if answer.is_some() {
        let advice = "The frame is not complete, and the stream has not ended: wait.";
        case.differ("still waiting", view(answer), advice);
    }
}

const HELLO: &[u8] = b"\x00\x00\x00\x05hello";

// The belief of this exercise. The dropped future had read four bytes, and nobody has them now.
#[test]
fn a_read_dropped_after_the_length() {
    case(
        "The length has come, the read is dropped, the rest comes",
        |case| {
            let (mut wire, mut frames) = pipe();
            send(&mut wire, &HELLO[..4]);
            expect_waiting(case, &ask_once(frames.next()));
            send(&mut wire, &HELLO[4..]);
            let answer = ask_once(frames.next());
            let advice = match &answer {
                Some(Err(error)) if error.kind() == ErrorKind::InvalidData => {
                    "Frame length 1751477356? Those are the letters `hell`: the dropped future had \
                 read the length and took it with it. What has been read must lie in `self`."
                }
                _ => {
                    "The dropped future took bytes with it. What has been read must lie in `self`."
                }
            };
            expect_frame(case, b"hello", &answer, advice);
        },
    );
}

// The same, wherever it happens.
#[test]
fn a_read_dropped_at_every_byte() {
    let advice = "The dropped future took bytes with it. Every byte that was read must lie in \
                  `self` before the next `.await`: of the length, and of the body as well.";
    case("A read is dropped once, somewhere in the frame", |case| {
        for cut in 1..HELLO.len() {
            let (mut wire, mut frames) = pipe();
            send(&mut wire, &HELLO[..cut]);
            expect_waiting(case, &ask_once(frames.next()));
            send(&mut wire, &HELLO[cut..]);
            expect_frame(case, b"hello", &ask_once(frames.next()), advice);
        }
    });
    case("A read is dropped after every single byte", |case| {
        let (mut wire, mut frames) = pipe();
        for _ in 0..2 {
            let (last, first) = HELLO.split_last().expect("a frame is not empty");
            for byte in first {
                send(&mut wire, &[*byte]);
                expect_waiting(case, &ask_once(frames.next()));
            }
            send(&mut wire, &[*last]);
            expect_frame(case, b"hello", &ask_once(frames.next()), advice);
        }
    });
}

// Whoever reads more than one frame keeps the rest.
#[test]
fn two_frames_in_one_read() {
    case("`hello`, an empty frame and `ok` come together", |case| {
        let (mut wire, mut frames) = pipe();
        send(&mut wire, b"\0\0\0\x05hello\0\0\0\0\0\0\0\x02ok");
        let advice = "What follows a frame belongs to the next frame: keep it.";
        expect_frame(case, b"hello", &ask_once(frames.next()), advice);
        expect_frame(case, b"", &ask_once(frames.next()), advice);
        expect_frame(case, b"ok", &ask_once(frames.next()), advice);
        expect_waiting(case, &ask_once(frames.next()));
    });
}

// The end is polite only between two frames, and a dropped read does not make it so.
#[test]
fn the_end_inside_a_frame() {
    case("The end, between two frames and inside one", |case| {
        let (mut wire, mut frames) = pipe();
        send(&mut wire, HELLO);
        expect_frame(
            case,
            b"hello",
            &ask_once(frames.next()),
            "Nothing was dropped here.",
        );
        drop(wire);
        let end = ask_once(frames.next());
        if !matches!(end, Some(Ok(None))) {
            case.differ(
                "Ok(None)",
                view(&end),
                "No frame was begun: that is a polite end.",
            );
        }
        for cut in [2, 4, 7] {
            let (mut wire, mut frames) = pipe();
            send(&mut wire, &HELLO[..cut]);
            expect_waiting(case, &ask_once(frames.next()));
            drop(wire);
            let advice = "The stream ended inside a frame. That a read was dropped before does \
                          not make it a polite end.";
            expect_error(
                case,
                ErrorKind::UnexpectedEof,
                &ask_once(frames.next()),
                advice,
            );
        }
    });
}

// Nobody has to wait for two gigabytes to know that they are too many.
#[test]
fn a_length_has_a_limit() {
    case("A length of 2147483647, and nothing more", |case| {
        let (mut wire, mut frames) = pipe();
        send(&mut wire, &[0x7f, 0xff, 0xff, 0xff]);
        let advice = "The length is over `MAX`, and that is an error as soon as it is known.";
        expect_error(
            case,
            ErrorKind::InvalidData,
            &ask_once(frames.next()),
            advice,
        );
    });
}
