//! The check of `frames`. The pieces are played without a socket, so that the cuts are exactly
//! where the test wants them: each `read` returns one piece, as it may on a real connection.

mod exercise;

use std::io::{self, ErrorKind};

use testkit::{Case, Pieces, View, case};

/// Fails unless the next message is this one.
#[track_caller]
fn expect(case: &Case, expected: &str, stream: &mut Pieces, advice: &str) {
    match exercise::read_message(stream) {
        Ok(Some(answer)) => case.expect_eq(expected.as_bytes(), &answer[..], advice),
        other => case.differ(expected.view(), other.view(), advice),
    }
}

const PIECES: &str = "One read returns what has arrived so far, not one message: keep reading \
                      until all `len` bytes are there.";

// The belief of this exercise. On loopback a small message nearly always comes in one piece, so
// wrong code works there for years. Every other network cuts where it likes.
#[test]
fn pieces_are_joined() {
    case("A frame that arrives in two pieces", |case| {
        expect(
            case,
            "hello",
            &mut case.pieces(["5:hel", "lo"]).then_silence(),
            PIECES,
        );
    });
    case("A frame that is cut inside its length", |case| {
        let mut stream = case.pieces(["1", "2:hello, world"]).then_silence();
        expect(case, "hello, world", &mut stream, PIECES);
    });
    case("A frame that arrives byte by byte", |case| {
        let bytes = b"12:hello: world".map(|byte| [byte]);
        expect(
            case,
            "hello: world",
            &mut case.pieces(bytes).then_silence(),
            PIECES,
        );
    });
    case("A frame without a body, `0:`", |case| {
        let advice = "An empty message is a message too: Some(nothing), not None.";
        match exercise::read_message(&mut case.pieces(["0:"]).then_silence()) {
            Ok(Some(body)) if body.is_empty() => {}
            other => case.differ("Ok(Some(nothing))", other.view(), advice),
        }
    });
}

// A length is a claim by somebody you do not know. It costs them a few bytes to write it.
#[test]
fn refuses_a_length_it_cannot_trust() {
    case("A length of 300 million", |case| {
        let answer = exercise::read_message(&mut case.pieces(["300000000:", "hello"]));
        let advice = "Ten bytes from a stranger made you reserve 300 MB: compare the length with \
                      `MAX` before you make the buffer.";
        case.expect_error(ErrorKind::InvalidData, &answer, advice);
    });
    case("A length that fits into no number", |case| {
        let answer = exercise::read_message(&mut case.pieces(["99999999999999999999999:"]));
        let advice = "Refuse the length as soon as it is larger than `MAX`.";
        case.expect_error(ErrorKind::InvalidData, &answer, advice);
    });
    for nonsense in ["hello", ":hello", "-5:hello", "5 :hello", "+5:hello"] {
        case(&format!("{nonsense:?} where a length should be"), |case| {
            let answer = exercise::read_message(&mut case.pieces([nonsense]));
            let advice =
                "Only the digits 0 to 9, at least one of them, may stand before the colon.";
            case.expect_error(ErrorKind::InvalidData, &answer, advice);
        });
    }
    case("The longest message that is allowed", |case| {
        let body = "x".repeat(exercise::MAX);
        let frame = format!("{}:{body}", body.len());
        let advice = "A message of exactly `MAX` bytes is still allowed.";
        expect(
            case,
            &body,
            &mut case.pieces([frame]).then_silence(),
            advice,
        );
    });
}

// The end has two meanings, and only the protocol can tell them apart.
#[test]
fn the_end_is_polite_only_between_messages() {
    case("The other side has finished", |case| {
        let answer = exercise::read_message(&mut case.pieces([""; 0]));
        if !matches!(answer, Ok(None)) {
            let advice = "No message was begun, so this is no error: the conversation is over.";
            case.differ("Ok(None)", answer.view(), advice);
        }
    });
    for cut in ["5:hel", "5:", "5"] {
        case(&format!("The other side ends after {cut:?}"), |case| {
            let answer: io::Result<_> = exercise::read_message(&mut case.pieces([cut]));
            let advice = "The connection ended inside a message. Half a message must not pass for \
                          a whole one, nor for a polite end.";
            case.expect_error(ErrorKind::UnexpectedEof, &answer, advice);
        });
    }
}

// One read may also return more than one message. What you have read, nobody can read again.
#[test]
fn two_messages_in_one_piece() {
    case("Two frames that arrive in one piece", |case| {
        let mut stream = case.pieces(["5:hello2:ok"]);
        let advice =
            "The first read may hold the second message as well: take `len` bytes, no more.";
        expect(case, "hello", &mut stream, advice);
        let advice = "The second message was lost. The first call had read it and threw it away \
                      with its buffer: read no further than the message goes.";
        expect(case, "ok", &mut stream, advice);
    });
}
