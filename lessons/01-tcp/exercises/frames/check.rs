//! The check of `frames`. The pieces are played without a socket, so that the cuts are exactly
//! where the test wants them: each `read` returns one piece, as it may on a real connection.

mod exercise;

use std::io::{self, ErrorKind};

use testkit::{Case, Pieces, View, case};

/// As in the stub.
const MAX: usize = 1000;

/// Fails unless the next message is this one. `other` is the advice where no other one fits.
#[track_caller]
fn expect(case: &Case, expected: &[u8], stream: &mut Pieces, other: &str) {
    let answer = exercise::read_message(stream);
    let advice = match &answer {
        Ok(Some(body)) if body == expected => return,
        Ok(Some(body)) if expected.starts_with(body) => {
            "One `read` returns what has arrived so far, not one message: keep reading until all \
             `len` bytes are there."
        }
        Ok(Some(body)) if body.starts_with(expected) => {
            "The answer goes on into the next message: take `len` bytes, no more."
        }
        Ok(Some(_)) => other,
        Ok(None) => {
            "`Ok(None)` is for a stream that ends before a message begins. Here a message had \
             begun."
        }
        Err(_) => other,
    };
    match &answer {
        Ok(Some(body)) => case.differ(expected.view(), body.view(), advice),
        answer => case.differ(expected.view(), answer.view(), advice),
    }
}

// The belief of this exercise. On loopback a small message nearly always arrives in one piece, so
// wrong code works there for years. Other networks cut anywhere.
#[test]
fn pieces_are_joined() {
    let valid = "This is a valid message, in pieces. Keep reading until the colon, and then until \
                 all bytes are there.";
    case("A frame that arrives in two pieces", |case| {
        let mut stream = case.pieces(["5:hel", "lo"]).then_silence();
        expect(case, b"hello", &mut stream, valid);
    });
    case(
        "A frame in one piece, with two digits in its length",
        |case| {
            let frame = "19:hello, world, again";
            let answer = exercise::read_message(&mut case.pieces([frame]).then_silence());
            if !matches!(&answer, Ok(Some(body)) if body.len() == 19) {
                let advice = "All bytes arrived in one piece: `1` and `9` before the colon are the number 19.";
                case.differ("19 bytes, \"hello, world, again\"", answer.view(), advice);
            }
        },
    );
    case("A frame that is cut inside its length", |case| {
        let mut stream = case.pieces(["1", "9:hello, world, again"]).then_silence();
        expect(case, b"hello, world, again", &mut stream, valid);
    });
    case("A frame that arrives byte by byte", |case| {
        let bytes = b"12:hello: world".map(|byte| [byte]);
        let mut stream = case.pieces(bytes).then_silence();
        expect(case, b"hello: world", &mut stream, valid);
    });
    case("A frame of bytes that are not text", |case| {
        let mut stream = case.pieces([b"4:\xff\0\n:"]).then_silence();
        let advice = "A message may hold any bytes: they need not be text.";
        expect(case, b"\xff\0\n:", &mut stream, advice);
    });
    case("A frame without a body, `0:`", |case| {
        let advice = "An empty message is a message too: `Ok(Some(..))` with no bytes in it.";
        match exercise::read_message(&mut case.pieces(["0:"]).then_silence()) {
            Ok(Some(body)) if body.is_empty() => {}
            other => case.differ("Ok(Some(nothing))", other.view(), advice),
        }
    });
}

/// Fails unless this length is refused.
#[track_caller]
fn expect_refused(case: &Case, pieces: &[&str], advice: &str) {
    let answer = exercise::read_message(&mut case.pieces(pieces));
    let advice = match &answer {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
            "The function went on to read the bytes that were announced, until the stream ended. \
             Compare the length with `MAX` before you make a buffer and read."
        }
        _ => advice,
    };
    case.expect_error(ErrorKind::InvalidData, &answer, advice);
}

// The sender can claim any length. It costs a few bytes to write it.
#[test]
fn refuses_a_length_it_cannot_trust() {
    let large = "The length is larger than `MAX`. Refuse it before you make a buffer of that size.";
    case("A length of 300 million", |case| {
        expect_refused(case, &["300000000:", "hello"], large);
    });
    case("A length that fits into no number", |case| {
        expect_refused(case, &["99999999999999999999999:"], large);
    });
    case("The given constant `MAX`", |case| {
        let answer = format!("MAX = {}", exercise::MAX);
        case.expect_eq("MAX = 1000", &answer, "`MAX` is given: leave it as it is.");
    });
    case("A length of `MAX` + 1", |case| {
        let body = "x".repeat(MAX + 1);
        let frame = format!("{}:{body}", body.len());
        expect_refused(case, &[&frame], large);
    });
    for nonsense in ["hello", ":hello", "-5:hello", "5 :hello", "+5:hello"] {
        case(&format!("{nonsense:?} where a length should be"), |case| {
            let advice =
                "Only the digits 0 to 9, at least one of them, may stand before the colon.";
            expect_refused(case, &[nonsense], advice);
        });
    }
    case("The longest message that is allowed", |case| {
        let body = "x".repeat(MAX);
        let frame = format!("{}:{body}", body.len());
        let advice = "A message of exactly `MAX` bytes is still allowed.";
        let mut stream = case.pieces([frame]).then_silence();
        expect(case, body.as_bytes(), &mut stream, advice);
    });
}

// The end of the stream has two meanings, and only the protocol can tell them apart.
#[test]
fn the_end_is_polite_only_between_messages() {
    case("The stream ends before a message begins", |case| {
        let answer = exercise::read_message(&mut case.pieces([""; 0]));
        if !matches!(answer, Ok(None)) {
            let advice = "No message had begun, so the other side has finished in order.";
            case.differ("Ok(None)", answer.view(), advice);
        }
    });
    for cut in ["5:hel", "5:", "5"] {
        case(&format!("The stream ends after {cut:?}"), |case| {
            let answer: io::Result<_> = exercise::read_message(&mut case.pieces([cut]));
            let advice = match &answer {
                Ok(None) => "A message had begun, so this is not the end between two messages.",
                Ok(Some(_)) => {
                    "The message is incomplete. Do not return half of it as a whole one."
                }
                Err(_) => "The stream ended inside a message. Report it as `UnexpectedEof`.",
            };
            case.expect_error(ErrorKind::UnexpectedEof, &answer, advice);
        });
    }
}

/// A stream that breaks after some bytes.
struct Breaks(&'static [u8]);

impl io::Read for Breaks {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buf)? {
            0 => Err(ErrorKind::ConnectionReset.into()),
            n => Ok(n),
        }
    }
}

// An error is not an end: the caller must see which of the two it was.
#[test]
fn the_error_of_the_stream_is_returned() {
    for bytes in ["", "5", "5:hel"] {
        case(&format!("The connection breaks after {bytes:?}"), |case| {
            let answer = exercise::read_message(&mut Breaks(bytes.as_bytes()));
            let advice = "`read` returned an error. Give it to the caller as it is.";
            case.expect_error(ErrorKind::ConnectionReset, &answer, advice);
        });
    }
}

// One read may also return more than one message. Bytes that one call reads are lost for the next call.
#[test]
fn two_messages_in_one_piece() {
    case("Three frames in two pieces", |case| {
        let mut stream = case
            .pieces(["5:hello2", ":ok11:hello world"])
            .then_silence();
        let lost = "Bytes of this message were lost. An earlier call had read them into its own \
                    buffer and dropped them: read no further than the message goes.";
        expect(
            case,
            b"hello",
            &mut stream,
            "This is the first message, in one piece.",
        );
        expect(case, b"ok", &mut stream, lost);
        expect(case, b"hello world", &mut stream, lost);
    });
}
