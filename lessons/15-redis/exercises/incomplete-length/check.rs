//! The check of `incomplete-length`: lengths that have arrived in part, and bytes that are no length. Nothing is sent.

mod exercise;
mod given;

use exercise::{DIGITS, length};
use testkit::{Case, View, case, view_bytes};

type Read = Result<Option<(usize, usize)>, String>;

fn told(read: &Read) -> String {
    match read {
        Ok(None) => "Ok(None): the rest has not arrived".to_string(),
        Ok(Some((length, used))) => format!("length {length} ({used} bytes used)"),
        Err(message) => format!("Err: {}", message.view()),
    }
}

/// Fails unless `length` returns this.
#[track_caller]
fn expect(case: &Case, bytes: &[u8], sign: u8, right: Option<(usize, usize)>, advice: &str) {
    let right = Ok(right);
    let read = length(bytes, sign, 1024);
    if read != right {
        let advice = match (&read, &right) {
            (Ok(Some((read, _))), Ok(Some((right, _)))) if read == right => {
                "The length is right. The second number counts the bytes that it takes: sign, digits and CRLF."
            }
            (Ok(None), Ok(Some(_))) => "The length is complete: its CRLF has arrived.",
            _ => advice,
        };
        case.fail(
            case.report()
                .detail("arrived", view_bytes(bytes))
                .detail("expected", told(&right))
                .detail("your answer", told(&read))
                .advice(advice),
        );
    }
}

// The belief of this exercise.
#[test]
fn a_the_rest_has_not_arrived() {
    for (line, sign, right) in [(&b"*3\r\n"[..], b'*', 3), (b"$1024\r\n", b'$', 1024)] {
        case(
            &format!("{} arrives byte by byte", view_bytes(line)),
            |case| {
                let advice = "These are a sign, digits and CRLF.";
                expect(case, line, sign, Some((right, line.len())), advice);
                for arrived in 0..line.len() {
                    let advice = "`bytes` is what has arrived so far, and the rest may be on its way. Return `Ok(None)`: the caller calls \
                              again when there is more.";
                    expect(case, &line[..arrived], sign, None, advice);
                }
            },
        );
    }
}

#[test]
fn b_a_complete_length() {
    for (bytes, sign, right, advice) in [
        (
            &b"*2\r\n$4\r\nINCR\r\n"[..],
            b'*',
            (2, 4),
            "What follows CRLF is not part of the length.",
        ),
        (
            b"$0\r\n\r\n",
            b'$',
            (0, 4),
            "0 is a length: an empty value.",
        ),
        (b"*0\r\n", b'*', (0, 4), "0 is a length: an empty array."),
        (b"$1024\r\nx", b'$', (1024, 7), "`most` itself is allowed."),
        (
            b"$0000000007\r\n",
            b'$',
            (7, 13),
            "`DIGITS` digits are allowed, also if some of them are zeros.",
        ),
        (
            b"$7\r\n1\r\n",
            b'$',
            (7, 4),
            "The length ends with its first CRLF.",
        ),
    ] {
        case(&format!("Arrived: {}", view_bytes(bytes)), |case| {
            expect(case, bytes, sign, Some(right), advice);
        });
    }
}

/// Fails unless `length` returns an error.
#[track_caller]
fn refuse(case: &Case, bytes: &[u8], sign: u8, advice: &str) {
    let read = length(bytes, sign, 1024);
    if read.is_ok() {
        case.fail(
            case.report()
                .detail("arrived", view_bytes(bytes))
                .detail("expected", "Err, with a message for the client")
                .detail("your answer", told(&read))
                .advice(advice),
        );
    }
}

#[test]
fn c_limits() {
    case("A length above `most`", |case| {
        let advice = "The client announces more than `most`. A server that accepts this length waits for that much, and keeps what \
                      arrives in memory.";
        refuse(case, b"$1000000\r\n", b'$', advice);
        refuse(case, b"*1025\r\n$3", b'*', advice);
        refuse(case, b"$9999999999\r\n", b'$', advice);
    });
    case("More than `DIGITS` digits, and no CRLF", |case| {
        let advice = "CRLF may never arrive. A server that waits for it keeps all digits that the client sends.";
        refuse(case, &[b"*", &b"1".repeat(4096)[..]].concat(), b'*', advice);
        refuse(
            case,
            &[b"$", &b"0".repeat(DIGITS + 1)[..]].concat(),
            b'$',
            advice,
        );
        expect(
            case,
            &[b"$", &b"0".repeat(DIGITS)[..]].concat(),
            b'$',
            None,
            "`DIGITS` digits are allowed.",
        );
    });
}

#[test]
fn d_what_is_no_length() {
    for (bytes, sign, advice) in [
        (&b"$-1\r\n"[..], b'$', "`-` is no digit."),
        (
            b"*+1\r\n",
            b'*',
            "`+` is no digit. `parse` accepts it before a number, the protocol does not.",
        ),
        (
            b"$x\r\n",
            b'$',
            "`x` is no digit, and no later byte changes that.",
        ),
        (
            b"$12x",
            b'$',
            "A byte that is no digit makes this no length at once, also without CRLF.",
        ),
        (b"$ 4\r\n", b'$', "A space is no digit."),
        (b"$4 \r\n", b'$', "CRLF follows the digits at once."),
        (b"$\r\n", b'$', "A length has one digit at least."),
        (
            b"$4\rx",
            b'$',
            "`\\r` is followed by `\\n`, and by no other byte.",
        ),
        (
            b"$4\n",
            b'$',
            "A length ends with CRLF; `\\n` alone is another byte.",
        ),
        (b":1\r\n", b'$', "The first byte has to be `sign`."),
        (
            b"$4\r\n",
            b'*',
            "The first byte has to be `sign`, and here `sign` is `*`.",
        ),
        (
            b"G",
            b'*',
            "The first byte is not `sign`: an error at once, without waiting for a line.",
        ),
        (b"\xff", b'$', "A byte that is not UTF-8 is no `sign`."),
    ] {
        case(&format!("Arrived: {}", view_bytes(bytes)), |case| {
            refuse(case, bytes, sign, advice);
        });
    }
}
