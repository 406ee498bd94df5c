//! The check of `errors`: calls that fail, between calls that succeed, on one connection.

mod exercise;
mod given;

use std::io::{self, ErrorKind};
use std::time::Duration;

use testkit::{Case, On, PATIENCE, Peer, Running, View, case};

/// Starts the learner's function on one end of a connection; the check plays the other one.
fn serving(case: &Case) -> (Running<'_, io::Result<()>>, Peer<'_>) {
    let (stream, client) = case.pair();
    let served = case.start("serve", move || exercise::serve(stream));
    (served, client)
}

const ENDED: &str = "The connection ended instead of the reply. The calculation failed, not the connection: send the \
                     error as the reply, and read the next call.";

const SILENT: &str =
    "This call got no complete reply, so its client waits. A failed call gets a reply as well.";

const VALUE: &str = "The reply begins with a byte 0, so the client takes the next byte for the result. A failed call \
                     has no value: its reply begins with a byte 1.";

/// Reads the reply to a call that fails. Behind it on the connection comes the reply `00 08` to another call.
#[track_caller]
fn expect_error(case: &Case, client: &mut Peer<'_>, call: [u8; 3]) {
    let text = given::calculate(call).expect_err("a call that fails");
    let whole = text.len();
    let text = &text.as_bytes()[..whole.min(255)];
    let better = [On::Closed(ENDED), On::Silence(SILENT)];
    let kind = client.read_exactly(1, &better)[0];
    let expected = format!("01, then the length {}, then {}", text.len(), text.view());
    if kind == 0 {
        // Without a reply, these are the two bytes of the next call, and no more come.
        let rest = client.read_exactly(3, &[On::Silence(SILENT), On::Any(VALUE)]);
        let answer = format!("00 {:02x}, a value", rest[0]);
        if rest[1] == 1 {
            let both = "The reply has a value and an error. A client that reads the value does not look for an error: \
                        send one of the two, never both.";
            case.differ(expected, format!("{answer}, and then an error"), both);
        }
        case.differ(expected, answer, VALUE);
    }
    if kind != 1 {
        let advice = "The first byte of a reply is 0 for a value and 1 for an error.";
        case.differ(expected, format!("the first byte is {kind:02x}"), advice);
    }
    let length = client.read_exactly(1, &better)[0];
    if length == text[0] {
        let advice = "The text begins right after the byte 1, and its first letter was read as the length. Send the \
                      length of the text before the text.";
        case.differ(expected, format!("01, then {length:02x}"), advice);
    }
    let advice =
        "The second byte of the reply is the number of bytes of the text that follow: at most 255.";
    let answer = match length {
        0 => Vec::new(),
        _ => client.read_exactly(length.into(), &[On::Any(advice)]),
    };
    if answer == text {
        return;
    }
    let is_part = text.starts_with(&answer) || answer.starts_with(text);
    let advice = if is_part
        && usize::from(length) < text.len()
        && usize::from(length) != whole % 256
    {
        "The text is longer than the part that you sent: cut it only after 255 bytes."
    } else if is_part {
        advice
    } else {
        "The text is the one that `calculate` returned for this call: the client learns the reason from it."
    };
    let answer = format!("01, then the length {length}, then {}", answer.view());
    case.differ(expected, answer, advice);
}

/// Reads the reply `00 08` to the call `7 + 1`.
#[track_caller]
fn expect_eight(client: &mut Peer<'_>) {
    client.expect(
        [0, 8],
        &[
            On::Closed(
                "The error reply is right, and after it the connection ended. The calculation failed, not the \
                 connection: read the next call.",
            ),
            On::Silence("The error reply is right, but the next call, 7 + 1, got no reply."),
            On::Wrong(
                "The error reply is right, but the bytes after it are not the reply to 7 + 1. Send as many \
                 bytes of the text as the length says.",
            ),
        ],
    );
}

// The belief of this exercise. That 7 / 0 has no value concerns this call. The connection still works.
#[test]
fn a_failed_call_is_not_the_last() {
    case("7 + 1", |case| {
        let (_served, mut client) = serving(case);
        client.send(b"+\x07\x01");
        let advice = "The reply to a call that succeeds is a byte 0 and the value.";
        client.expect([0, 8], &[On::Any(advice)]);
    });
    case("7 / 0 and 7 + 1, sent together", |case| {
        let (_served, mut client) = serving(case);
        client.send(b"/\x07\x00+\x07\x01");
        expect_error(case, &mut client, *b"/\x07\x00");
        expect_eight(&mut client);
    });
}

// A client needs the reason of each error.
#[test]
fn each_error_has_its_own_text() {
    case("Four calls that fail, each with another text", |case| {
        let (_served, mut client) = serving(case);
        for call in [*b"/\xff\x00", *b"-\x01\x02", *b"*\x63\x63", *b"+\xff\x01"] {
            client.send([&call[..], b"+\x07\x01"].concat());
            expect_error(case, &mut client, call);
            expect_eight(&mut client);
        }
    });
}

// The length is one byte. A text may be longer than the largest byte.
#[test]
fn long_texts_are_cut() {
    for (operation, length) in [(b'c', 255), (b'\x64', 256)] {
        case(&format!("An error text of {length} bytes"), |case| {
            let (_served, mut client) = serving(case);
            let call = [operation, 1, 1];
            client.send([&call[..], b"+\x07\x01"].concat());
            expect_error(case, &mut client, call);
            expect_eight(&mut client);
        });
    }
}

// 0 is a value like any other, and the end after a whole call is not an error.
#[test]
fn zero_is_a_value() {
    case("5 - 5 and 9 / 2, byte by byte, then the end", |case| {
        let (served, mut client) = serving(case);
        client.send_byte_by_byte(b"-\x05\x05/\x09\x02", Duration::from_millis(2));
        let advice = "A value is sent as a byte 0 and the value, also if the value is 0.";
        let silent = "A call that succeeds got no reply.";
        let better = [On::Wrong(advice), On::Silence(silent)];
        client.expect([0, 0, 0, 4], &better);
        client.finish();
        let advice = "The client ended the connection after a whole call: return `Ok(())`.";
        let answer = served.within(PATIENCE, advice);
        if answer.is_err() {
            case.differ("Ok(())", answer.view(), advice);
        }
        client.expect_end(&[On::Wrong(
            "All calls have their replies, and more bytes came.",
        )]);
    });
}

// The other kind of error. No reply can be sent any more, so the caller of `serve` gets it.
#[test]
fn the_end_inside_a_call_is_an_error() {
    for sent in [&b"+"[..], b"+\x01", b"+\x07\x01-\x02"] {
        let title = format!("{} bytes, and then the end", sent.len());
        case(&title, |case| {
            let (served, mut client) = serving(case);
            client.send(sent);
            client.finish();
            let advice = "The client ended the connection in the middle of a call. That is an error of the \
                          connection, not of a call: return `UnexpectedEof`, as `read_exact` does.";
            let answer = served.within(PATIENCE, advice);
            case.expect_error(ErrorKind::UnexpectedEof, &answer, advice);
            let replies: &[u8] = if sent.len() > 3 { &[0, 8] } else { &[] };
            let got = client.read_to_end(&[]);
            let extra = "A call that never arrived completely gets no reply.";
            case.expect_eq(replies, &got[..], extra);
        });
    }
}

// A reset is an error of the connection as well.
#[test]
fn the_error_of_a_broken_connection_is_returned() {
    case("A client that breaks the connection (RST)", |case| {
        let (served, mut client) = serving(case);
        client.send(b"+\x07\x01");
        client.reset();
        let advice = "The connection broke. `read` or `write` returned an error: return it.";
        let answer = served.within(PATIENCE, advice);
        case.expect_error(ErrorKind::ConnectionReset, &answer, advice);
    });
}
