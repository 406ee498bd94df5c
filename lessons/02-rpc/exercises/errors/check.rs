//! The check of `errors`. Calls that fail, between calls that do not, on one connection.

mod exercise;

use std::io::{self, ErrorKind};

use testkit::{Case, On, PATIENCE, Peer, Running, case};

/// Starts the learner's function on one end of a connection; the check plays the other one.
fn serving(case: &Case) -> (Running<'_, io::Result<()>>, Peer<'_>) {
    let (stream, client) = case.pair();
    let served = case.start("serve", move || exercise::serve(stream));
    (served, client)
}

/// The answer to a call that fails: a byte 1, the length, the words.
fn failed(call: [u8; 3]) -> Vec<u8> {
    let words = exercise::calculate(call).expect_err("a call that fails");
    let mut answer = vec![1, u8::try_from(words.len()).expect("short words")];
    answer.extend_from_slice(words.as_bytes());
    answer
}

const NO_VALUE: &str = "A failed call has an error and no value: a byte 1, the length of the words \
                        and the words, and nothing else. A value in its place, even 0, looks like \
                        a result to whoever reads it.";

const WORDS: &str = "An error is a byte 1, the length of the words, and the words that `calculate` \
                     gave: they are all that the caller will ever learn.";

// The belief of this exercise. That 7 / 0 has no value says something about 7 / 0. The connection
// is as good as before.
#[test]
fn a_failed_call_is_not_the_last() {
    case("7 / 0, then 7 + 1, sent together", |case| {
        let (_served, mut client) = serving(case);
        client.send(b"/\x07\x00+\x07\x01");
        let ended = "The call after the failed one got no answer: the division by zero ended the \
                     connection. The method failed, not the connection: send the error and go on.";
        let wrong = On::Wrong(NO_VALUE);
        client.expect(failed(*b"/\x07\x00"), &[On::Closed(ended), wrong]);
        client.expect([0, 8], &[On::Closed(ended), wrong]);
    });
}

// A caller reads the first byte, and then knows what follows. If both came, or another number of
// bytes than was said, the next answer would be read from the middle of this one.
#[test]
fn an_error_comes_without_a_value() {
    case("Four failed calls in a row", |case| {
        let (_served, mut client) = serving(case);
        for call in [*b"/\x01\x00", *b"-\x01\x02", *b"*\x63\x63", *b"?\x01\x01"] {
            client.send(call);
            client.expect(failed(call), &[On::Wrong(WORDS)]);
        }
        // Were a byte too many on the way, it would come now.
        client.send(b"-\x09\x09");
        client.expect([0, 0], &[On::Wrong(NO_VALUE)]);
    });
}

// Zero is a value. Nothing is not.
#[test]
fn zero_is_a_value() {
    case("5 - 5", |case| {
        let (_served, mut client) = serving(case);
        client.send(b"-\x05\x05");
        client.expect([0, 0], &[]);
        client.finish();
        client.expect_end(&[]);
    });
}

// The other kind of error. Nobody can be answered any more, and whoever started the server should
// hear of it.
#[test]
fn a_broken_connection_is_still_an_error() {
    case("The client hangs up in the middle of a call", |case| {
        let (served, mut client) = serving(case);
        client.send(b"+\x01");
        client.finish();
        let advice = "Half a call, and then the end: that is an error of the connection and no \
                      answer of a method. `read_exact` reports it as `UnexpectedEof`: return it.";
        let answer = served.within(PATIENCE, advice);
        case.expect_error(ErrorKind::UnexpectedEof, &answer, advice);
        client.expect_end(&[On::Wrong(advice), On::Extra(advice)]);
    });
}
