//! The check of `varints`. The expected bytes are written by prost.

mod exercise;

use exercise::Kind;
use prost::Message;
use testkit::{Case, case, view_bytes};

/// One field of each type. `optional`, so that 0 is written as well.
#[derive(Clone, PartialEq, Message)]
struct Judge {
    #[prost(int32, optional, tag = "1")]
    int32: Option<i32>,
    #[prost(sint32, optional, tag = "2")]
    sint32: Option<i32>,
    #[prost(sfixed32, optional, tag = "3")]
    sfixed32: Option<i32>,
}

/// The first field again, for a reader with a wider type.
#[derive(Clone, PartialEq, Message)]
struct Wide {
    #[prost(int64, tag = "1")]
    int64: i64,
}

/// The bytes of the value, without the tag.
fn right(kind: Kind, value: i32) -> Vec<u8> {
    let mut judge = Judge::default();
    match kind {
        Kind::Int32 => judge.int32 = Some(value),
        Kind::Sint32 => judge.sint32 = Some(value),
        Kind::Sfixed32 => judge.sfixed32 = Some(value),
    }
    judge.encode_to_vec()[1..].to_vec()
}

#[track_caller]
fn expect(case: &Case, kind: Kind, value: i32, advice: &str) {
    let (right, answer) = (right(kind, value), exercise::encode(kind, value));
    if right != answer {
        // `view_bytes` would show some of them as letters.
        let hex = |bytes: &[u8]| {
            let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            hex.join(" ")
        };
        let answer = if answer.is_empty() {
            view_bytes(&answer)
        } else {
            hex(&answer)
        };
        case.differ(hex(&right), answer, advice);
    }
}

// A reader may have an int64 for this field. So the sign is copied up to bit 64, and a varint has no zeros to leave out.
#[test]
fn a_int32_below_zero_is_64_bits_wide() {
    for value in [-1, -2, -128, i32::MIN] {
        case(&format!("{value} as int32"), |case| {
            let mut message = vec![0x08];
            message.extend(exercise::encode(Kind::Int32, value));
            let advice = match Wide::decode(&*message) {
                Ok(wide) if wide.int64 != i64::from(value) => format!(
                    "A reader whose field is an int64 reads {}. A number below zero is widened to 64 \
                     bits, sign and all, before it becomes a varint: ten bytes.",
                    wide.int64
                ),
                _ => {
                    "A number below zero is widened to 64 bits, sign and all, before it becomes a \
                      varint: ten bytes."
                        .to_string()
                }
            };
            expect(case, Kind::Int32, value, &advice);
        });
    }
    for value in [0, 1, 127, 128, 300, i32::MAX] {
        case(&format!("{value} as int32"), |case| {
            expect(
                case,
                Kind::Int32,
                value,
                "From zero on an int32 is a varint of the number itself.",
            );
        });
    }
}

// 0, -1, 1, -2, 2: numbers near zero have small places, on both sides.
#[test]
fn b_sint32_counts_around_zero() {
    for value in [0, -1, 1, -2, 2, 63, -64, 64, i32::MAX, i32::MIN] {
        case(&format!("{value} as sint32"), |case| {
            let place = i64::from(value) * 2;
            let place = if value < 0 { -place - 1 } else { place };
            let sign = |value| exercise::encode(Kind::Sint32, value);
            let advice = if [sign(0), sign(-1), sign(-2), sign(2)] == [[0], [3], [5], [4]] {
                format!(
                    "Your code writes the amount and one bit for the sign. The varint holds the place of the number in \
                     the sequence 0, -1, 1, -2, 2: {value} has the place {place}."
                )
            } else {
                format!("A sint32 counts around zero, 0, -1, 1, -2, 2: {value} is number {place}.")
            };
            expect(case, Kind::Sint32, value, &advice);
        });
    }
}

#[track_caller]
fn expect_choice(case: &Case, samples: &[i32], best: Kind, advice: &str) {
    let choice = exercise::choose(samples);
    if choice == best {
        return;
    }
    let bytes = |kind| -> usize {
        let lengths = samples.iter().map(|sample| right(kind, *sample).len());
        lengths.sum()
    };
    let in_words = |kind| match bytes(kind) {
        1 => format!("{kind:?}, 1 byte"),
        bytes => format!("{kind:?}, {bytes} bytes"),
    };
    case.differ(in_words(best), in_words(choice), advice);
}

// The belief of this exercise: a small value takes few bytes.
#[test]
fn c_shortest_type_is_chosen() {
    let frost = "-1 as int32 takes 10 bytes, and as sint32 it takes 1. A varint leaves out the leading zeros, and -1 as an \
                 int32 has none.";
    case("One degree below zero: -1", |case| {
        expect_choice(case, &[-1], Kind::Sint32, frost);
    });
    case("A night: 3, 1, 0, -1, -4, -5, -2", |case| {
        expect_choice(case, &[3, 1, 0, -1, -4, -5, -2], Kind::Sint32, frost);
    });
    case("Ages: 7, 41, 90, 100", |case| {
        let advice =
            "Above zero int32 is never longer than sint32, which spends a bit on the sign.";
        expect_choice(case, &[7, 41, 90, 100], Kind::Int32, advice);
    });
    case("Small numbers: 1, 2, 3", |case| {
        let advice = "Both take one byte for each, and Int32 stands first.";
        expect_choice(case, &[1, 2, 3], Kind::Int32, advice);
    });
}

// All values together decide.
#[test]
fn d_all_values_are_counted() {
    case("Twenty times 100, and -1 once", |case| {
        let mut samples = vec![100; 20];
        samples.push(-1);
        let advice = "A -1 that comes once costs 10 bytes as int32. As sint32 every 100 \
                      takes two bytes in place of one. Count all of them.";
        expect_choice(case, &samples, Kind::Int32, advice);
    });
    case("Five times 100, and -1 once", |case| {
        let advice = "int32 takes 15 bytes for these values, and sint32 takes 11: here the ten bytes of -1 are more.";
        expect_choice(case, &[100, 100, 100, 100, 100, -1], Kind::Sint32, advice);
    });
}

// Seven bits in a byte: 32 of them need five.
#[test]
fn e_with_large_numbers_four_bytes_win() {
    let advice = "A varint spends one bit of each byte on saying that more follow: a number of more \
                  than 28 bits takes five. sfixed32 always takes four.";
    case("Numbers near two billion", |case| {
        expect_choice(
            case,
            &[2_000_000_001, 1_999_999_999],
            Kind::Sfixed32,
            advice,
        );
    });
    case("Large and small: 2000000001 and 1", |case| {
        let advice = "int32 takes 6 bytes for these two, sint32 takes 6, and sfixed32 takes 8. Count the bytes of all values.";
        expect_choice(case, &[2_000_000_001, 1], Kind::Int32, advice);
    });
    case("Checksums, half of them below zero", |case| {
        let samples = [-1_977_326_743, 1_190_494_759, -559_038_737, 305_419_896];
        expect_choice(case, &samples, Kind::Sfixed32, advice);
    });
}
