//! Messages with a length before them, whole, in pieces, and none at all.

use testkit::program::has_all;

use crate::schema;
use crate::view::{Limits, Reading, lines};

fn said(reading: &Reading, pieces: &[&[u8]]) -> Vec<String> {
    lines(&crate::view::said(reading, Limits::default(), pieces))
}

fn unknown() -> Reading {
    Reading::Protobuf([None, None])
}

fn greeter() -> Reading {
    let pool = schema::tests::greeter();
    let named = |name| Some(schema::message_named(&pool, name).unwrap());
    Reading::Protobuf([named("HelloRequest"), named("greeter.v1.HelloReply")])
}

/// A view, what crosses, and what is said of it.
type Case<'a> = (Reading, &'a [&'a [u8]], &'a [&'a str]);

#[test]
fn messages_with_and_without_their_type_whole_and_in_pieces() {
    let cases: [Case<'_>; 3] = [
        (
            greeter(),
            &[b"\x06\x0a\x04wire\x00"],
            &[
                r#"protobuf: message of 6 bytes  [06]  HelloRequest {name: "wire"} ()"#,
                "protobuf: message of 0 bytes  [00]  HelloRequest {} (in the same chunk)",
            ],
        ),
        // A field that the type does not have is shown by number.
        (
            greeter(),
            &[b"\x05\x0a\x01x\x10\x07"],
            &[
                r#"protobuf: message of 5 bytes  [05]  HelloRequest {name: "x"} and unknown {2: 7} ()"#,
            ],
        ),
        (
            unknown(),
            &[b"\x86", b"\x00\x0a\x04wi", b"re"],
            &[
                "protobuf-part: the length is not whole  [86 --] ()",
                "protobuf-part: 4 of 6 bytes  [86 00] … ()",
                r#"protobuf: message of 6 bytes  [86 00]  {1: "wire"} (in 3 pieces)"#,
            ],
        ),
    ];
    for (reading, pieces, expected) in cases {
        assert_eq!(said(&reading, pieces), expected);
    }
}

#[test]
fn what_is_no_message_is_said() {
    let cases: [(Reading, &[&[u8]], &str); 7] = [
        (greeter(), &[b"\x03\x0a\x05x"], "no HelloRequest: "),
        (unknown(), &[b"\x02\x00\x00"], "no protobuf"),
        (
            unknown(),
            &[b"hello\xff\xff\xff\xff\xff\xff"],
            "protobuf-part: 10 of 104 bytes",
        ),
        (
            unknown(),
            &[b"hello\xff\xff\xff\xff\xff\xff"],
            "protobuf-unfinished: ended in the middle",
        ),
        (
            unknown(),
            &[b"\xff\xff\xff\x7f..."],
            "protobuf-too-long: message of 268435455 bytes?",
        ),
        (unknown(), &[&[0xff; 30]], "no length of a message"),
        (
            unknown(),
            &[b"\x16\x03\x01\x02\x00\x01\x00", b"more"],
            "tls: TLS",
        ),
    ];
    for (reading, pieces, part) in cases {
        has_all(&said(&reading, pieces).join("\n"), &[part]);
    }
}
