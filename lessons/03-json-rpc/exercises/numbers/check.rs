//! The check of `numbers`: tickets whose last digit matters, and a reader that keeps every number in
//! an `f64`, as JavaScript does.

mod exercise;

use serde_json::Value;
use testkit::{Case, case};

/// Fails unless the text is read as this ticket.
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

// The belief of this exercise. An `f64` has 53 bits for the digits, and a `u64` has 64.
#[test]
fn large_numbers_keep_their_digits() {
    case("Ticket 9007199254740993", |case| {
        let text = r#"{"ticket":9007199254740993}"#;
        let advice = "...993 came back as ...992: it went through f64, which has only even numbers \
                      there. Ask the value for a whole number instead.";
        expect(case, text, Some(9_007_199_254_740_993), advice);
    });
    case("The last ticket there is, u64::MAX", |case| {
        let text = r#"{"ticket": 18446744073709551615}"#;
        expect(case, text, Some(u64::MAX), "It went through f64 or i64.");
    });
    case("Ticket 0", |case| {
        let advice = "0 is a number as good as any.";
        expect(case, r#"{"ticket":0}"#, Some(0), advice);
    });
}

// A ticket that is cut, rounded or wrapped round is a valid ticket: somebody else's.
#[test]
fn nearly_right_is_refused() {
    for ticket in [
        "18446744073709551616",
        "-1",
        "17.5",
        "1e30",
        "null",
        "true",
        "[17]",
        r#""""#,
        r#""+17""#,
        r#"" 17""#,
        r#""18446744073709551616""#,
        r#""seventeen""#,
    ] {
        case(&format!("{ticket} where a ticket should be"), |case| {
            let text = format!("{{\"ticket\":{ticket}}}");
            let advice = "This is no whole number from 0 to u64::MAX. Made to fit, it becomes a \
                          ticket that belongs to somebody else.";
            expect(case, &text, None, advice);
        });
    }
    for text in ["{}", "17", "{\"ticket\":17"] {
        case(&format!("The text {text}"), |case| {
            expect(case, text, None, "There is no ticket in it.");
        });
    }
}

// You are not the only reader. The check plays one that has nothing but f64.
#[test]
fn readers_with_f64_get_a_string() {
    for ticket in [exercise::SAFE + 1, 9_007_199_254_740_993, u64::MAX] {
        case(&format!("Writing ticket {ticket}"), |case| {
            let text = exercise::write(ticket);
            let value: Value = serde_json::from_str(&text).unwrap_or_default();
            let expected = format!("{{\"ticket\":\"{ticket}\"}}");
            match &value["ticket"] {
                Value::String(digits) if *digits == ticket.to_string() => {}
                Value::Number(number) => {
                    let rounded = number.as_f64().unwrap_or_default();
                    let advice = format!(
                        "A reader that keeps numbers in an f64 rounds it to {rounded:.0} or cannot \
                         tell it from its neighbour. Above SAFE, write a string."
                    );
                    case.differ(expected, text, &advice);
                }
                _ => case.differ(expected, text, "Above SAFE, write a string of digits."),
            }
        });
    }
}

// A string is a promise to read it as one. Where a number is safe, readers expect a number.
#[test]
fn small_numbers_stay_numbers() {
    for ticket in [0, 17, 9_007_199_254_740_991] {
        case(&format!("Writing ticket {ticket}"), |case| {
            let text = exercise::write(ticket);
            let value: Value = serde_json::from_str(&text).unwrap_or_default();
            if value["ticket"].as_u64() != Some(ticket) {
                let advice = "Up to SAFE, that one included, a ticket stays a number: readers add \
                              and compare it, and some would get \"9\" > \"10\".";
                case.differ(format!("{{\"ticket\":{ticket}}}"), text, advice);
            }
        });
    }
}

// Both directions together.
#[test]
fn what_is_written_can_be_read() {
    for ticket in [
        0,
        17,
        9_007_199_254_740_991,
        9_007_199_254_740_992,
        u64::MAX,
    ] {
        case(&format!("Writing and reading ticket {ticket}"), |case| {
            let text = exercise::write(ticket);
            let advice = "A ticket written as a string of digits must be read as the same ticket.";
            expect(case, &text, Some(ticket), advice);
        });
    }
}
