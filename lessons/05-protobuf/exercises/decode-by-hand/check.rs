//! The check of `decode-by-hand`. One message was written by Python's protobuf with a newer `.proto` file; the
//! others were written by hand, to have every form that a writer may choose.

mod exercise;
mod given;

use exercise::{DecodeError, Reading};
use testkit::{Case, case};

fn hex(bytes: &[u8]) -> String {
    let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    hex.join(" ")
}

#[track_caller]
fn expect(case: &Case, bytes: &[u8], expected: &Result<Reading, DecodeError>, advice: &str) {
    let answer = exercise::decode(bytes);
    if answer != *expected {
        let report = case
            .report()
            .detail("the bytes", hex(bytes))
            .detail("expected", format!("{expected:?}"))
            .detail("your answer", format!("{answer:?}"));
        case.fail(report.advice(advice));
    }
}

fn reading(station: &str, pressure: u32, wind: &[u32], at: u32) -> Result<Reading, DecodeError> {
    Ok(Reading {
        station: station.to_string(),
        pressure,
        wind: wind.to_vec(),
        at,
    })
}

// The known fields first, each alone.
#[test]
fn a_known_fields_are_read() {
    for (what, bytes, expected) in [
        ("station = A", &[0x0a, 1, b'A'][..], reading("A", 0, &[], 0)),
        (
            "pressure = 1013",
            &[0x10, 0xf5, 0x07],
            reading("", 1013, &[], 0),
        ),
        (
            "wind = 12, 300, packed",
            &[0x22, 3, 0x0c, 0xac, 0x02],
            reading("", 0, &[12, 300], 0),
        ),
    ] {
        case(&format!("{what}, and nothing else"), |case| {
            let advice = match exercise::decode(bytes) {
                Ok(Reading { wind, .. }) if wind == [12] => {
                    "Your code read the first number of the list, and not the rest of its 3 bytes: the length counts \
                     bytes, and numbers follow until they are used up."
                }
                _ => "The message has one field, and it is one of your schema.",
            };
            expect(case, bytes, &expected, advice);
        });
    }
    case("at = 1767225600, the four bytes 00 b9 55 69", |case| {
        let bytes = [0x2d, 0x00, 0xb9, 0x55, 0x69];
        let advice = match exercise::decode(&bytes) {
            Ok(Reading {
                at: 0x00b9_5569, ..
            }) => {
                "Your code took the four bytes in the order from the most significant one down. In a `fixed32` the least \
                 significant byte comes first."
            }
            Ok(Reading { at: 0, .. }) => {
                "The time was skipped: field 5 with wire type 5 is `at`, four bytes."
            }
            _ => "Field 5 with wire type 5 is `at`: four bytes, the least significant one first.",
        };
        expect(case, &bytes, &reading("", 0, &[], 1_767_225_600), advice);
    });
}

// The belief of this exercise. The writer may have a newer .proto file than the reader; the wire type in each tag is
// for that.
#[test]
fn b_unknown_field_is_skipped() {
    let unknown = [
        ("a varint", &[0x48, 0x96, 0x01][..]),
        ("eight bytes", &[0x49, 1, 2, 3, 4, 5, 6, 7, 8]),
        ("a length and bytes", &[0x4a, 3, 0x10, 0x01, 0x02]),
        ("four bytes", &[0x4d, 1, 2, 3, 4]),
    ];
    let all_refused = unknown
        .iter()
        .all(|(_, bytes)| exercise::decode(bytes).is_err());
    for (what, bytes) in unknown {
        case(
            &format!("A field with the number 9, stored as {what}"),
            |case| {
                let advice = match all_refused {
                    true => format!(
                        "Field 9 is unknown: skip it by its wire type. Here it says {what}, so the place of the next \
                         field is known."
                    ),
                    false => {
                        format!("Skip {what}, and nothing more: so much belongs to this field.")
                    }
                };
                expect(case, bytes, &reading("", 0, &[], 0), &advice);
            },
        );
    }
    case(
        "A reading from a newer station, written by Python",
        |case| {
            let bytes = [
                0x0a, 0x09, 0x53, 0x6f, 0x6e, 0x6e, 0x62, 0x6c, 0x69, 0x63, 0x6b, 0x10, 0xb4, 0x05,
                0x22, 0x04, 0x0c, 0xac, 0x02, 0x07, 0x2d, 0x00, 0xb9, 0x55, 0x69, 0x48, 0x80, 0xb8,
                0x99, 0x29, 0x51, 0x8f, 0xc2, 0xf5, 0x28, 0x5c, 0x8f, 0xea, 0x3f, 0x5a, 0x09, 0x69,
                0x63, 0x65, 0x20, 0x6f, 0x6e, 0x20, 0x69, 0x74, 0xe5, 0x12, 0xcd, 0xcc, 0x6c, 0x40,
            ];
            let expected = reading("Sonnblick", 692, &[12, 300, 7], 1_767_225_600);
            let advice =
                "Four fields are in your schema, and four more are not: 9, 10, 11 and 300.";
            expect(case, &bytes, &expected, advice);
        },
    );
}

// A known number with another wire type is a changed schema: skipped like an unknown field.
#[test]
fn c_other_wire_type_is_skipped() {
    for (what, bytes) in [
        (
            "pressure as four bytes",
            &[0x15, 1, 2, 3, 4, 0x0a, 1, b'A'][..],
        ),
        ("station as a varint", &[0x08, 0x96, 0x01, 0x0a, 1, b'A']),
        (
            "wind as eight bytes",
            &[0x21, 1, 2, 3, 4, 5, 6, 7, 8, 0x0a, 1, b'A'],
        ),
        ("at as a varint", &[0x28, 0x07, 0x0a, 1, b'A']),
    ] {
        case(&format!("{what}, and then the station A"), |case| {
            let advice = match exercise::decode(bytes) {
                Ok(answer) if answer == Reading::default() => {
                    "A field with a known number and another wire type is not the field of your schema: skip it by its \
                     wire type, and go on."
                }
                _ => {
                    "This wire type is not the one of your schema, so the value is not the one that you know. Skip it."
                }
            };
            expect(case, bytes, &reading("A", 0, &[], 0), advice);
        });
    }
}

// Most writers sort the fields, and none has to.
#[test]
fn d_fields_come_in_any_order() {
    case("Number 9 first, then 5, then 2, then 1", |case| {
        let bytes = [
            0x48, 0x01, 0x2d, 1, 0, 0, 0, 0x10, 0xf5, 0x07, 0x0a, 1, b'A',
        ];
        let advice = "Fields come in any order, so a known field may stand behind an unknown one.";
        expect(case, &bytes, &reading("A", 1013, &[], 1), advice);
    });
    case("The pressure twice, and the station twice", |case| {
        let bytes = [0x10, 0x01, 0x0a, 1, b'A', 0x10, 0xf5, 0x07, 0x0a, 1, b'B'];
        expect(
            case,
            &bytes,
            &reading("B", 1013, &[], 0),
            "Two fields come twice. The last value of each counts.",
        );
    });
    case("No bytes at all", |case| {
        let advice = "A message in which no field is set has no bytes, and is a correct message.";
        expect(case, &[], &reading("", 0, &[], 0), advice);
    });
}

// Lists of numbers are packed today. Older programs write each number with its tag, and a writer that
// does not have the whole list yet sends several pieces.
#[test]
fn e_lists_come_in_two_forms() {
    case("12, 300 and 7, each with its own tag", |case| {
        let bytes = [0x20, 0x0c, 0x20, 0xac, 0x02, 0x20, 0x07];
        let advice = "This list is not packed: each number has a tag of its own, with wire type 0. A reader must take \
                      both forms.";
        expect(case, &bytes, &reading("", 0, &[12, 300, 7], 0), advice);
    });
    case("12 and 300 packed, then 7 alone, then 8 packed", |case| {
        let bytes = [0x22, 3, 0x0c, 0xac, 0x02, 0x20, 0x07, 0x22, 1, 0x08];
        let advice = "The field `wind` comes three times, and each time adds to the list.";
        expect(case, &bytes, &reading("", 0, &[12, 300, 7, 8], 0), advice);
    });
    case("A packed list with nothing in it", |case| {
        expect(
            case,
            &[0x22, 0],
            &reading("", 0, &[], 0),
            "A list without a number is a correct list.",
        );
    });
}

// A message does not mark its end. If the bytes end between two fields, the reader cannot notice; inside a field it can.
#[test]
fn f_cut_field_is_an_error() {
    for bytes in [
        &[0x10][..],
        &[0x10, 0x80],
        &[0x0a, 2, b'A'],
        &[0x2d, 1, 0, 0],
        &[0x22, 3, 0x0c],
        &[0x22, 1, 0x80],
        &[0x20, 0x80],
        &[0x48, 0x80],
        // What is left of these fields looks like a field of its own: the pressure, 1.
        &[0x0a, 5, 0x10, 0x01],
        &[0x4a, 5, 0x10, 0x01],
        &[0x2d, 0x10, 0x01],
        &[0x4d, 0x10, 0x01],
        &[0x49, 0x10, 0x01],
        &[0x49, 1, 2, 3],
        &[0x4a, 5, 1],
        &[0x4a, 0xff, 0xff, 0xff, 0xff, 0x0f, 1],
    ] {
        case(&format!("The bytes {}, and no more", hex(bytes)), |case| {
            let advice = "The bytes end inside a field, so a part of the message is missing: `DecodeError::Cut`.";
            expect(case, bytes, &Err(DecodeError::Cut), advice);
        });
    }
    case("A station whose name is ff fe", |case| {
        let advice = "A `string` is UTF-8, and these two bytes are not: `DecodeError::NotText`.";
        expect(
            case,
            &[0x0a, 2, 0xff, 0xfe],
            &Err(DecodeError::NotText),
            advice,
        );
    });
}

// Groups, 3 and 4, are older than proto3; 6 and 7 were never used.
#[test]
fn g_wire_type_without_a_length_is_refused() {
    for wire_type in [3, 4, 6, 7] {
        case(&format!("A field stored as {wire_type}"), |case| {
            let bytes = [9 << 3 | wire_type, 0x10, 0x01];
            let advice = format!(
                "proto3 has no wire type {wire_type}, so the length of this value is unknown. A reader that goes on takes \
                 the bytes of the value for fields."
            );
            expect(
                case,
                &bytes,
                &Err(DecodeError::WireType(wire_type.into())),
                &advice,
            );
        });
    }
}
