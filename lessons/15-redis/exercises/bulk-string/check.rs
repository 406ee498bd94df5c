//! The check of `bulk-string`: bulk strings that have arrived, and bytes that are none. Nothing is sent.

mod exercise;
mod given;

use exercise::{BYTES, bulk_string};
use testkit::{Case, View, case, fuzz, view_bytes};

type Taken = Result<(Vec<u8>, usize), String>;

/// This value as a bulk string.
fn encode(value: &[u8]) -> Vec<u8> {
    [format!("${}\r\n", value.len()).as_bytes(), value, b"\r\n"].concat()
}

fn told(taken: &Taken) -> String {
    match taken {
        Err(message) => format!("Err: {}", message.view()),
        Ok((value, used)) if value.len() > 60 => {
            format!("a value of {} bytes ({used} bytes taken)", value.len())
        }
        Ok((value, used)) => format!("{} ({used} bytes taken)", view_bytes(value)),
    }
}

/// Fails unless the value is taken from these bytes, in which more may follow.
#[track_caller]
fn expect(case: &Case, value: &[u8], follows: &[u8], advice: &str) {
    let bytes = encode(value);
    let right = Ok((value.to_vec(), bytes.len()));
    let taken = bulk_string(&[&bytes, follows].concat());
    if taken != right {
        let advice = match &taken {
            Ok((taken, _)) if taken == value => {
                "The value is right. The second number is the size of this bulk string: `$`, length, CRLF, value, CRLF. What follows \
                 belongs to the next value."
            }
            _ => advice,
        };
        case.differ(told(&right), told(&taken), advice);
    }
}

// The belief of this exercise.
#[test]
fn a_a_value_may_contain_crlf() {
    case("The value two\\r\\nlines", |case| {
        let value = b"two\r\nlines";
        let taken = bulk_string(&encode(value));
        let advice = if matches!(&taken, Ok((cut, _)) if cut == b"two") {
            "The value was cut at its own CRLF. A value ends where its length says, and not where a line ends."
        } else {
            "Read the length, then take as many bytes, whatever they are, then CRLF."
        };
        expect(case, value, b"", advice);
    });
    case("A value that looks like further words", |case| {
        let value = b"\r\n$4\r\nDEL\r\n*1\r\n";
        let advice = "A client chooses its values freely. If the bytes of a value are read as protocol, a client sends commands with it.";
        expect(case, value, b"", advice);
    });
}

#[test]
fn b_what_follows_stays() {
    for follows in [&b"$3\r\nGET\r\n"[..], b"\r\n", b"x"] {
        case(
            &format!("{} follows the value", view_bytes(follows)),
            |case| {
                let advice = "The value is the 4 bytes behind the first CRLF.";
                expect(case, b"wire", follows, advice);
            },
        );
    }
}

#[test]
fn c_a_value_is_bytes() {
    for (situation, value, advice) in [
        (
            "A value that is not UTF-8",
            &[0xff, 0x00, 0xfe, 0x0d][..],
            "A value is bytes: a picture, for example. It need not be UTF-8.",
        ),
        (
            "你好 has two letters and six bytes",
            "你好".as_bytes(),
            "The length counts bytes, not letters.",
        ),
        (
            "An empty value",
            b"",
            "`$0` is a value of 0 bytes. CRLF follows it, too.",
        ),
    ] {
        case(situation, |case| {
            expect(case, value, b"$1\r\nx\r\n", advice)
        });
    }
    case("A value of `BYTES` bytes", |case| {
        expect(case, &vec![b'x'; BYTES], b"", "`BYTES` bytes are allowed.");
    });
}

#[test]
fn d_what_is_no_bulk_string() {
    let long = [
        format!("${}\r\n", BYTES + 1).as_bytes(),
        &vec![b'x'; BYTES + 1],
        b"\r\n",
    ]
    .concat();
    for (bytes, advice) in [
        (
            &b"$-1\r\n"[..],
            "The length is digits only. `$-1` is how Redis replies \"no value\"; a client does not send it.",
        ),
        (
            b"$+4\r\nwire\r\n",
            "The length is digits only. `parse` accepts a `+` before them, the protocol does not.",
        ),
        (b"$x\r\nwire\r\n", "`x` is no length."),
        (b"$\r\n\r\n", "The length has one digit at least."),
        (b"$4 \r\nwire\r\n", "CRLF follows the digits at once."),
        (b"$4\nwire\r\n", "The length ends with CRLF, two bytes."),
        (
            b":4\r\nwire\r\n",
            "A bulk string begins with `$`. `:` begins an integer.",
        ),
        (b"", "No byte is no bulk string."),
        (b"$4\r\nwir", "The length says 4 bytes, and 3 are there."),
        (b"$4\r\nwire", "CRLF is missing behind the value."),
        (b"$4\r\nwire\r", "CRLF is two bytes, and one is there."),
        (
            b"$4\r\nwireless\r\n",
            "Behind the 4 bytes of the value there is no CRLF, so the length was wrong.",
        ),
        (
            b"$99999999999999999999999\r\nx\r\n",
            "The length is larger than `BYTES`, and larger than a `usize`.",
        ),
        (&long, "The value is one byte longer than `BYTES`."),
    ] {
        let shown = if bytes.len() > 60 {
            "a value of BYTES + 1 bytes".to_string()
        } else {
            view_bytes(bytes)
        };
        case(&format!("Received: {shown}"), |case| {
            let taken = bulk_string(bytes);
            if taken.is_ok() {
                case.differ("Err, with a message for the client", told(&taken), advice);
            }
        });
    }
}

#[test]
fn e_random_bytes() {
    case("Random changes of a bulk string", |case| {
        let sent = encode(b"na\r\nme");
        for mut dice in fuzz::budget("bulk-string", 20_000) {
            let mut bytes = sent.clone();
            for _ in 0..=dice.below(3) {
                let at = dice.below(bytes.len());
                bytes[at] = dice.byte();
            }
            bytes.truncate(dice.below(bytes.len() + 1));
            if let Ok((value, used)) = bulk_string(&bytes)
                && (used > bytes.len() || !bytes[..used].ends_with(&[&value[..], b"\r\n"].concat()))
            {
                let advice =
                    "The bytes taken end with the value and CRLF, and all of them have arrived.";
                case.differ(
                    "Err, or a value that is there",
                    told(&Ok((value, used))),
                    advice,
                );
            }
        }
    });
}
