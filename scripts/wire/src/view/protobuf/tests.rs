//! Messages with a length before them, whole, in pieces, and none at all.

use std::path::PathBuf;

use crate::event::{Dir, Shown};
use crate::schema;
use crate::view::{Limits, Reading, conversation};

fn said(reading: &Reading, pieces: &[&[u8]]) -> Vec<String> {
    let pieces: Vec<(Dir, &[u8])> = pieces.iter().map(|it| (Dir::ToServer, *it)).collect();
    conversation(reading, Limits::default(), &pieces)
        .into_iter()
        .map(
            |(
                _,
                Shown {
                    event, words, note, ..
                },
            )| format!("{event}: {words} ({note})"),
        )
        .collect()
}

fn unknown() -> Reading {
    Reading::Protobuf([None, None])
}

fn greeter() -> Reading {
    let file: PathBuf = [
        env!("CARGO_MANIFEST_DIR"),
        "../../proto/greeter/v1/greeter.proto",
    ]
    .iter()
    .collect();
    let pool = schema::read(&[file], &[]).unwrap();
    let named = |name| Some(schema::message_named(&pool, name).unwrap());
    Reading::Protobuf([named("HelloRequest"), named("greeter.v1.HelloReply")])
}

#[test]
fn with_its_type_a_message_has_names() {
    assert_eq!(
        said(&greeter(), &[b"\x06\x0a\x04wire\x00"]),
        [
            r#"protobuf: message of 6 bytes  [06]  HelloRequest {name: "wire"} ()"#,
            "protobuf: message of 0 bytes  [00]  HelloRequest {} (in the same chunk)",
        ]
    );
}

#[test]
fn a_field_that_the_type_does_not_have_is_shown_by_number() {
    assert_eq!(
        said(&greeter(), &[b"\x05\x0a\x01x\x10\x07"]),
        [r#"protobuf: message of 5 bytes  [05]  HelloRequest {name: "x"} and unknown {2: 7} ()"#]
    );
}

#[test]
fn without_its_type_it_has_numbers_and_in_pieces_it_grows() {
    assert_eq!(
        said(&unknown(), &[b"\x86", b"\x00\x0a\x04wi", b"re"]),
        [
            "protobuf-part: the length is not whole  [86 --] ()",
            "protobuf-part: 4 of 6 bytes  [86 00] … ()",
            r#"protobuf: message of 6 bytes  [86 00]  {1: "wire"} (in 3 pieces)"#,
        ]
    );
}

#[test]
fn what_is_no_message_is_said() {
    let wrong = said(&greeter(), &[b"\x03\x0a\x05x"]);
    assert!(wrong[0].contains("no HelloRequest: "), "{wrong:?}");
    let none = said(&unknown(), &[b"\x02\x00\x00"]);
    assert!(none[0].contains("no protobuf"), "{none:?}");
    let long = said(&unknown(), &[b"hello\xff\xff\xff\xff\xff\xff"]);
    assert!(
        long[0].starts_with("protobuf-part: 10 of 104 bytes"),
        "{long:?}"
    );
    assert!(long[1].contains("ended in the middle"), "{long:?}");
    let long = said(&unknown(), &[b"\xff\xff\xff\x7f..."]);
    assert!(
        long[0].starts_with("protobuf-too-long: message of 268435455 bytes?"),
        "{long:?}"
    );
    let endless = said(&unknown(), &[&[0xff; 30]]);
    assert!(endless[0].contains("no length of a message"), "{endless:?}");
    let tls = said(&unknown(), &[b"\x16\x03\x01\x02\x00\x01\x00", b"more"]);
    assert!(tls[0].starts_with("tls: TLS"), "{tls:?}");
}
