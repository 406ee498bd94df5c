//! The check of `own-message`. The bytes were written by hand after the schema, as another program writes them.

mod exercise;
mod given;

use exercise::{BY_HAND, Level, LogEntry};
use l05_protobuf::wire;
use testkit::{Case, case};

fn hex(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "no byte".to_string();
    }
    let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    hex.join(" ")
}

/// The numbers of the fields in these bytes.
fn numbers(bytes: &[u8]) -> Vec<u32> {
    let fields = wire::fields(bytes).unwrap_or_default();
    fields.iter().map(|field| field.number).collect()
}

/// Fails with the bytes of both, and says what differs first: a field, its number, or its value.
#[track_caller]
fn expect_bytes(case: &Case, field: &str, expected: &[u8], answer: &[u8]) {
    if expected == answer {
        return;
    }
    let wanted = numbers(expected);
    let found = numbers(answer);
    let advice = if answer.is_empty() {
        format!(
            "No byte was written for {field}. `encode_to_vec` of the trait `Message` writes each field that is set."
        )
    } else if expected.is_empty() {
        format!("{field} was not set, and bytes were written for it.")
    } else if found.is_empty() {
        "These bytes are no message: a field is a tag and a value.".to_string()
    } else if found != wanted {
        format!(
            "The bytes have the field numbers {found:?}, and the schema says {wanted:?}. The number behind `=` identifies \
             {field}; its place in the struct means nothing."
        )
    } else {
        format!(
            "The number of {field} is right, and its value is stored in another way. The type in the attribute decides \
             that: take the one of the schema."
        )
    };
    case.differ(hex(expected), hex(answer), &advice);
}

/// One field at a time: its words, the entry, and the bytes.
fn entries() -> Vec<(&'static str, LogEntry, &'static [u8])> {
    let none = LogEntry::default;
    vec![
        (
            "service = \"web\"",
            LogEntry {
                service: "web".into(),
                ..none()
            },
            b"\x0a\x03web",
        ),
        (
            "level = Error",
            LogEntry {
                level: Level::Error as i32,
                ..none()
            },
            b"\x20\x02",
        ),
        (
            "at_ms = 300",
            LogEntry {
                at_ms: 300,
                ..none()
            },
            b"\x10\xac\x02",
        ),
        (
            "tags = a, b",
            LogEntry {
                tags: vec!["a".into(), "b".into()],
                ..none()
            },
            b"\x2a\x01a\x2a\x01b",
        ),
        (
            "status = 404",
            LogEntry {
                status: Some(404),
                ..none()
            },
            b"\x18\xa8\x06",
        ),
        (
            "status = -1",
            LogEntry {
                status: Some(-1),
                ..none()
            },
            b"\x18\x01",
        ),
        (
            "status = 0, which is set,",
            LogEntry {
                status: Some(0),
                ..none()
            },
            b"\x18\x00",
        ),
        ("status", none(), b""),
    ]
}

#[test]
fn a_field_is_written_with_its_number() {
    for (field, entry, bytes) in entries() {
        case(
            &format!("The bytes of an entry with {field} and nothing else"),
            |case| {
                expect_bytes(case, field, bytes, &exercise::to_bytes(&entry));
            },
        );
    }
}

#[test]
fn b_bytes_of_others_are_read() {
    for (field, entry, bytes) in entries() {
        case(
            &format!("An entry of another program: {}", hex(bytes)),
            |case| {
                let answer = exercise::from_bytes(bytes);
                let advice = match &answer {
                None => "`from_bytes` returned `None` for bytes that are a message. `decode` of the trait `Message` reads \
                         them."
                    .to_string(),
                Some(_) => format!("These bytes say {field}, and your entry says something else."),
            };
                if answer.as_ref() != Some(&entry) {
                    case.differ(format!("Some({entry:?})"), format!("{answer:?}"), &advice);
                }
            },
        );
    }
    case("A text of 5 bytes, of which 3 have arrived", |case| {
        let answer = exercise::from_bytes(b"\x0a\x05web");
        if answer.is_some() {
            let advice = "The bytes end inside a field, so they are no message: `None`.";
            case.differ("None", format!("{answer:?}"), advice);
        }
    });
}

#[test]
fn c_bytes_by_hand() {
    case(
        "BY_HAND: service = \"web\", at_ms = 300, level = Error",
        |case| {
            let expected = b"\x0a\x03web\x10\xac\x02\x20\x02";
            if BY_HAND == expected {
                return;
            }
            let advice = match BY_HAND {
                [] => {
                    "Write the bytes of three fields: each is a tag, `number << 3 | wire type`, and a value."
                }
                bytes if bytes.windows(7).any(|part| part == b"service") => {
                    "The name `service` stands in your bytes. Names are not sent: only the field number is."
                }
                [0x0a, b'w', ..] => {
                    "The text has no length. Wire type 2 is a length and that many bytes, so 03 stands in front of `web`."
                }
                [0x0a, 3, b'w', b'e', b'b', rest @ ..] => match rest {
                    [0x20, 2, 0x10, ..] => {
                        "The fields are right, and are written in the order of their numbers: 1, 2, 4."
                    }
                    [0x10, 0xac, 2, ..] => {
                        "The first two fields are right. `level` has the number 4 and wire type 0: a varint."
                    }
                    _ => {
                        "The first field is right. `at_ms` has the number 2 and wire type 0: a varint."
                    }
                },
                _ => {
                    "The first field is `service`, with the number 1 and wire type 2: the tag is `1 << 3 | 2`."
                }
            };
            case.differ(hex(expected), hex(BY_HAND), advice);
        },
    );
}
