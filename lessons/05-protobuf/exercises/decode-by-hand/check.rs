//! The check of `decode-by-hand`. The first message was written by Python's protobuf, with a `.proto`
//! file that is newer than yours; the others are laid by hand, to have every form that a writer may choose.

mod exercise;
mod given;

use exercise::{Bad, Reading};
use testkit::{Case, case};

fn hex(bytes: &[u8]) -> String {
    let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    hex.join(" ")
}

#[track_caller]
fn expect(case: &Case, bytes: &[u8], expected: &Result<Reading, Bad>, advice: &str) {
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

fn reading(station: &str, pressure: u32, wind: &[u32], at: u32) -> Result<Reading, Bad> {
    Ok(Reading {
        station: station.to_string(),
        pressure,
        wind: wind.to_vec(),
        at,
    })
}

// The belief of this exercise. Whoever writes may have a newer .proto file than whoever reads; that is
// what the wire type in each tag is for.
#[test]
fn a_number_that_nobody_knows_is_skipped() {
    for (what, bytes) in [
        ("a varint", &[0x48, 0x96, 0x01][..]),
        ("eight bytes", &[0x49, 1, 2, 3, 4, 5, 6, 7, 8]),
        ("a length and bytes", &[0x4a, 3, 0x10, 0x01, 0x02]),
        ("four bytes", &[0x4d, 1, 2, 3, 4]),
    ] {
        case(
            &format!("A field with the number 9, stored as {what}"),
            |case| {
                let advice = format!(
                    "field 9 is unknown: skip it by its wire type. Here it says {what}, so you know where \
                 the next field begins, and that is all you need."
                );
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
            let advice = "Four fields are yours, and four more have numbers that you do not know: 9, 10, 11 \
                      and 300.";
            expect(case, &bytes, &expected, advice);
        },
    );
}

// Most writers sort the fields. Nothing makes them.
#[test]
fn fields_come_in_any_order() {
    case("Number 9 first, then 5, then 2, then 1", |case| {
        let bytes = [
            0x48, 0x01, 0x2d, 1, 0, 0, 0, 0x10, 0xf5, 0x07, 0x0a, 1, b'A',
        ];
        let advice = "Fields come in any order, so behind one that you do not know there may be one that \
                      you do.";
        expect(case, &bytes, &reading("A", 1013, &[], 1), advice);
    });
    case("The pressure twice, and the station twice", |case| {
        let bytes = [0x10, 0x01, 0x0a, 1, b'A', 0x10, 0xf5, 0x07, 0x0a, 1, b'B'];
        expect(
            case,
            &bytes,
            &reading("B", 1013, &[], 0),
            "The last one counts.",
        );
    });
    case("No bytes at all", |case| {
        let advice = "A message in which nothing is set is empty. It is a message all the same.";
        expect(case, &[], &reading("", 0, &[], 0), advice);
    });
}

// Lists of numbers are packed today. Older programs write each number with its tag, and a writer that
// does not have the whole list yet sends several pieces.
#[test]
fn lists_come_in_two_forms() {
    case("12, 300 and 7, each with its own tag", |case| {
        let bytes = [0x20, 0x0c, 0x20, 0xac, 0x02, 0x20, 0x07];
        let advice = "A list may come unpacked: each number with a tag of its own, and the wire type 0. \
                      Readers must take both forms.";
        expect(case, &bytes, &reading("", 0, &[12, 300, 7], 0), advice);
    });
    case("12 and 300 packed, then 7 alone, then 8 packed", |case| {
        let bytes = [0x22, 3, 0x0c, 0xac, 0x02, 0x20, 0x07, 0x22, 1, 0x08];
        let advice = "A list that comes again goes on. It does not begin anew.";
        expect(case, &bytes, &reading("", 0, &[12, 300, 7, 8], 0), advice);
    });
    case("A packed list with nothing in it", |case| {
        expect(
            case,
            &[0x22, 0],
            &reading("", 0, &[], 0),
            "No number is a list, too.",
        );
    });
}

// A message has no end of its own. Where its bytes end between two fields nobody can see that some are
// missing; inside a field everybody can.
#[test]
fn too_short_is_an_error() {
    for bytes in [
        &[0x10][..],
        &[0x10, 0x80],
        &[0x0a, 2, b'A'],
        &[0x2d, 1, 0, 0],
        &[0x22, 3, 0x0c],
        &[0x22, 1, 0x80],
        &[0x49, 1, 2, 3],
        &[0x4a, 5, 1],
        &[0x4a, 0xff, 0xff, 0xff, 0xff, 0x0f, 1],
    ] {
        case(&format!("The bytes {}, and no more", hex(bytes)), |case| {
            let advice = "The bytes end in the middle of a field, so the rest is lost: say so. What you \
                          have is not what was written.";
            expect(case, bytes, &Err(Bad::Cut), advice);
        });
    }
    case("A station whose name is ff fe", |case| {
        let advice =
            "A `string` is UTF-8, and these two bytes are not. (Unknown bytes may be anything.)";
        expect(case, &[0x0a, 2, 0xff, 0xfe], &Err(Bad::NotText), advice);
    });
}

// Groups, 3 and 4, are from a time before proto3; 6 and 7 were never given away.
#[test]
fn what_cannot_be_skipped_is_refused() {
    for wire_type in [3, 4, 6, 7] {
        case(&format!("A field stored as {wire_type}"), |case| {
            let bytes = [9 << 3 | wire_type, 0x10, 0x01];
            let advice = format!(
                "There is no wire type {wire_type} in proto3, so nobody knows how long such a value is. \
                 If you go on, you take the middle of it for fields."
            );
            expect(case, &bytes, &Err(Bad::WireType(wire_type.into())), &advice);
        });
    }
}
