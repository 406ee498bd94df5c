//! The check of `numbers`: ids whose last digit matters, and a reader that keeps every number in an `f64`, as
//! JavaScript does.

mod exercise;
mod given;

use exercise::SAFE;
use serde_json::Value;
use testkit::{Case, case};

/// Fails unless the text is read as this id.
#[track_caller]
fn expect(case: &Case, text: &str, expected: Option<u64>, advice: &str) {
    let answer = exercise::read(text);
    if answer != expected {
        let report = case
            .report()
            .detail("the text", text)
            .detail("expected", format!("{expected:?}"))
            .detail("your answer", format!("{answer:?}"));
        case.fail(report.advice(advice));
    }
}

// A small id, as a number and as a string.
#[test]
fn a_small_id_is_read() {
    for text in [
        r#"{"user":17}"#,
        r#"{"user":"17"}"#,
        r#"{"name":"Ada","user": 17}"#,
    ] {
        case(&format!("Reading {text}"), |case| {
            let advice = match exercise::read(r#"{"user":17}"#) {
                Some(17) => {
                    "The id is 17: the member `user`, as a number or as a string of digits."
                }
                _ => "The id is the number in the member `user`: 17.",
            };
            expect(case, text, Some(17), advice);
        });
    }
    case("User 0", |case| {
        let advice = "0 is an id like any other.";
        expect(case, r#"{"user":0}"#, Some(0), advice);
    });
}

// The belief of this exercise. An `f64` has 53 bits for the digits, and a `u64` has 64.
#[test]
fn large_numbers_keep_their_digits() {
    for user in [SAFE + 2, (1 << 63) - 1, (1 << 63) + 1, u64::MAX] {
        case(&format!("User {user}"), |case| {
            let text = format!("{{\"user\":{user}}}");
            let float: f64 = user.to_string().parse().unwrap_or_default();
            let answer = exercise::read(&text).map(|answer| answer.to_string());
            let advice = if answer == Some(format!("{float:.0}")) {
                "The id went through an f64, which holds only some of the numbers of this size. Ask the value \
                 for a whole number instead."
            } else {
                "This is a whole number that fits into a u64."
            };
            expect(case, &text, Some(user), advice);
        });
    }
}

// An id that is cut, rounded or wrapped round is a valid id: another user's.
#[test]
fn nearly_right_is_refused() {
    for user in [
        "18446744073709551616",
        "-1",
        "17.5",
        "17.0",
        "1e3",
        "1e30",
        "null",
        "true",
        "[17]",
        r#""""#,
        r#""+17""#,
        r#""-17""#,
        r#"" 17""#,
        r#""17 ""#,
        r#""18446744073709551616""#,
        r#""seventeen""#,
    ] {
        case(&format!("{user} where an id should be"), |case| {
            let text = format!("{{\"user\":{user}}}");
            let advice = match user.starts_with('"') {
                true => {
                    "An id in a string is a whole number from 0 to u64::MAX: digits only, and at least one."
                }
                false => {
                    "This is not a whole number from 0 to u64::MAX, written with digits only. Converted to one, it is \
                     the id of another user."
                }
            };
            expect(case, &text, None, advice);
        });
    }
    for text in ["{}", "17", "{\"user\":17"] {
        case(&format!("The text {text}"), |case| {
            expect(
                case,
                text,
                None,
                "The text has no member `user`, or is not JSON.",
            );
        });
    }
}

// Your program is not the only reader. The check plays one that has only f64.
#[test]
fn readers_with_f64_get_a_string() {
    for user in [SAFE + 1, SAFE + 2, u64::MAX] {
        case(&format!("Writing user {user}"), |case| {
            let text = exercise::write(user);
            let value: Value = serde_json::from_str(&text).unwrap_or_default();
            let expected = format!("{{\"user\":\"{user}\"}}");
            match &value["user"] {
                Value::String(digits) if *digits == user.to_string() => {}
                Value::Number(_) if exercise::write(17).contains("\"17\"") => {
                    case.differ(
                        expected,
                        text,
                        "Above SAFE an id is a string, and up to SAFE a number.",
                    );
                }
                Value::Number(number) => {
                    let rounded = number.as_f64().unwrap_or_default();
                    let advice = format!(
                        "A reader that keeps numbers in an f64 gets {rounded:.0}, and so it does for a \
                         neighbour of this id. Above SAFE, write a string."
                    );
                    case.differ(expected, text, &advice);
                }
                _ => case.differ(expected, text, "Above SAFE, write a string of digits."),
            }
        });
    }
}

// A reader expects a number where a number is safe.
#[test]
fn small_numbers_stay_numbers() {
    for user in [0, 17, SAFE - 1, SAFE] {
        case(&format!("Writing user {user}"), |case| {
            let text = exercise::write(user);
            let value: Value = serde_json::from_str(&text).unwrap_or_default();
            if value["user"].as_u64() != Some(user) {
                let advice = match user {
                    SAFE => "This id is SAFE itself, and a number: only ids above it are strings.",
                    _ => {
                        "Up to SAFE, that one included, an id stays a number: readers compare ids, and as strings \
                         \"9\" is larger than \"10\"."
                    }
                };
                case.differ(format!("{{\"user\":{user}}}"), text, advice);
            }
        });
    }
}

// Both directions together.
#[test]
fn what_is_written_can_be_read() {
    for user in [0, 17, SAFE, SAFE + 1, u64::MAX] {
        case(&format!("Writing and reading user {user}"), |case| {
            let text = exercise::write(user);
            let advice =
                "An id that `write` has written as a string of digits must be read as the same id.";
            expect(case, &text, Some(user), advice);
        });
    }
}
