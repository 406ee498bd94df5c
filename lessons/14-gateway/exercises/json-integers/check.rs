//! The check of `json-integers`. It reads what is written as a browser does, where every number is a double.

mod exercise;
mod given;

use exercise::{Wrong, read, write};
use serde_json::{Value, json};
use testkit::{Case, case};

const LARGE: i64 = 9_007_199_254_740_993;

/// What a page in a browser sees: there, a number is a double.
fn in_a_browser(value: &Value) -> String {
    match value {
        Value::Number(number) => number
            .as_f64()
            .map_or("nothing".to_string(), |f| format!("{f}")),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Reads this JSON as a type, and compares.
#[track_caller]
fn reads<T: TryFrom<i128> + PartialEq + std::fmt::Debug>(
    case: &Case,
    value: &Value,
    right: Result<T, Wrong>,
    advice: &str,
) {
    let got = read::<T>(value);
    if got != right {
        let kind = std::any::type_name::<T>();
        case.differ(
            format!("{right:?}, from {value} as {kind}"),
            format!("{got:?}"),
            advice,
        );
    }
}

// The belief of this exercise. JSON has one kind of number, and most readers have only doubles.
#[test]
fn a_the_last_digit() {
    case("9007199254740993 is sent to a page", |case| {
        let written = write(LARGE.into());
        let seen = in_a_browser(&written);
        if seen != LARGE.to_string() {
            let advice = match written.is_number() {
                true => {
                    "The last digit is lost: the page shows another number than the one that was sent. It reads every \
                     number of JSON as a double, which has 53 bits for digits. A string keeps them all."
                }
                false => "The page needs the digits of the integer, in a string.",
            };
            case.differ("9007199254740993 in the page", seen, advice);
        }
    });
    case("The largest uint64 is sent to a page", |case| {
        let seen = in_a_browser(&write(u64::MAX.into()));
        let advice = "A uint64 has as many bits: a string as well.";
        case.expect_eq(u64::MAX.to_string().as_str(), seen.as_str(), advice);
    });
    for small in [12, -12, 0] {
        case(&format!("{small} is sent to a page"), |case| {
            let got = write(small);
            if got != json!(small.to_string()) {
                let advice = "A double holds this number. But a reader has to know the type before it sees the value: an \
                              integer of 64 bits is always a string.";
                case.differ(format!("\"{small}\""), got.to_string(), advice);
            }
        });
    }
}

#[test]
fn b_strings_and_numbers() {
    case("An int64 comes as a string, and as a number", |case| {
        let advice = "This is what `write` sends.";
        reads(case, &json!(LARGE.to_string()), Ok(LARGE), advice);
        reads(
            case,
            &json!(i64::MIN.to_string()),
            Ok(i64::MIN),
            "The smallest int64.",
        );
        let advice = match read::<i64>(&json!(7)) {
            Err(Wrong::NoInteger) => {
                "A number is read as well as a string: some senders write all integers so."
            }
            _ => "The result is the number itself.",
        };
        reads(case, &json!(7), Ok(7_i64), advice);
        let advice = "The number has all its digits in JSON. Take it as an integer, and not through a double.";
        reads(case, &json!(LARGE), Ok(LARGE), advice);
        reads(case, &json!(i64::MIN), Ok(i64::MIN), advice);
        let advice = "5.0 is the integer 5: some languages write all their numbers so.";
        reads(case, &json!(5.0), Ok(5_i64), advice);
    });
    case("A uint64 comes as a string, and as a number", |case| {
        reads(
            case,
            &json!(u64::MAX.to_string()),
            Ok(u64::MAX),
            "The largest uint64.",
        );
        let advice = "The number has all its digits in JSON. Take it as an integer, and not through a double.";
        reads(case, &json!(u64::MAX), Ok(u64::MAX), advice);
    });
}

#[test]
fn c_no_integer() {
    let one_and_a_half = match read::<i64>(&json!(1.5)) {
        Ok(1 | 2) => {
            "One and a half is no integer. Cut off, it would be another value than the one that was sent."
        }
        _ => "One and a half is no integer, and that is an error.",
    };
    for (value, advice) in [
        (json!(1.5), one_and_a_half),
        (
            json!("1.5"),
            "One and a half is no integer, also in a string.",
        ),
        (json!(true), "`true` is no number."),
        (json!("five"), "These letters are no digits."),
        (json!(""), "An empty string has no digits."),
        (json!([5]), "An array is no number."),
    ] {
        case(&format!("{value} is sent for an int64"), |case| {
            reads::<i64>(case, &value, Err(Wrong::NoInteger), advice);
        });
    }
}

#[test]
fn d_does_not_fit() {
    case("Numbers outside of the type", |case| {
        let advice = "A uint64 has no sign.";
        reads::<u64>(case, &json!(-1), Err(Wrong::DoesNotFit), advice);
        reads::<u64>(case, &json!("-1"), Err(Wrong::DoesNotFit), advice);
        let advice = "This is 2 to the power of 63, one more than an int64 holds.";
        reads::<i64>(
            case,
            &json!("9223372036854775808"),
            Err(Wrong::DoesNotFit),
            advice,
        );
        reads::<i64>(
            case,
            &json!(9_223_372_036_854_775_808_u64),
            Err(Wrong::DoesNotFit),
            advice,
        );
        let advice = "This is 2 to the power of 64, one more than a uint64 holds.";
        reads::<u64>(
            case,
            &json!("18446744073709551616"),
            Err(Wrong::DoesNotFit),
            advice,
        );
        reads::<u64>(
            case,
            &json!(18_446_744_073_709_551_616.0),
            Err(Wrong::DoesNotFit),
            advice,
        );
    });
}
