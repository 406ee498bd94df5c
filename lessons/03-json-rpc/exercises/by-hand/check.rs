//! The check of `by-hand`: the same order in many spellings, and texts that are no order.

mod exercise;
mod given;

use exercise::{Order, Refused};
use serde_json::Value;
use testkit::{Case, case};

fn order(film: &str, seats: &[u32], note: Option<&str>) -> Order {
    Order {
        film: film.to_string(),
        seats: seats.to_vec(),
        note: note.map(str::to_string),
    }
}

/// Fails unless the text is read as this.
#[track_caller]
fn expect(case: &Case, text: &str, expected: &Result<Order, Refused>, advice: &str) {
    let answer = exercise::read(text);
    if answer != *expected {
        let report = case
            .report()
            .detail("the text", text)
            .detail("expected", format!("{expected:?}"))
            .detail("your answer", format!("{answer:?}"));
        case.fail(report.advice(advice));
    }
}

// The belief of this exercise. Another program writes the same order, and its JSON looks different:
// that is not sloppy, it is allowed.
#[test]
fn a_space_changes_nothing() {
    let expected = Ok(order("Das Boot", &[3, 4], None));
    case("The order as you would write it", |case| {
        let advice = "This is the plainest of all spellings.";
        let expected = Ok(order("Metropolis", &[3, 4], None));
        let text = r#"{"film":"Metropolis","seats":[3,4]}"#;
        expect(case, text, &expected, advice);
    });
    case("An order with spaces", |case| {
        let advice = "There was one space after `:` or `,`, and you read something else. JSON allows \
                      white space between any two tokens: let a parser look for the members.";
        let text = r#"{"film": "Das Boot", "seats": [3, 4]}"#;
        if exercise::read(text) == Ok(order("DasBoot", &[3, 4], None)) {
            let advice = "White space between tokens means nothing, but white space inside a string \
                          is part of it: only a parser knows which is which.";
            expect(case, text, &expected, advice);
        }
        expect(case, text, &expected, advice);
    });
    case("The same order on several lines, seats first", |case| {
        let advice = "The members of an object have no order, and line breaks are white space.";
        let text = "{\n  \"seats\": [\n    3,\n    4\n  ],\n  \"film\":\t\"Das Boot\"\n}\n";
        expect(case, text, &expected, advice);
    });
    case("An order with members that you do not know", |case| {
        let advice = "A newer client may say more than you ask for. What you do not know, you skip; \
                      a `film` inside another object is not the film of this order.";
        let text =
            r#"{"client":{"film":"App 2","seats":[]},"film":"Das Boot","seats":[3,4],"paid":true}"#;
        expect(case, text, &expected, advice);
    });
}

// One letter can be written in several ways. They are equal.
#[test]
fn escapes_are_letters() {
    case(
        "A title with quotes, a backslash and another alphabet",
        |case| {
            let advice = "In JSON `\\\"` is a quote, `\\\\` a backslash and `\\u4f60` the character 你: a \
                      string ends at the first quote that is not escaped.";
            expect(
                case,
                r#"{"film":"\"\u4f60\u597d\" \\ \u0041","seats":[1],"note":"a\/b\n"}"#,
                &Ok(order("\"你好\" \\ A", &[1], Some("a/b\n"))),
                advice,
            );
        },
    );
}

// A note is optional, and there are two ways to have none.
#[test]
fn notes_are_optional() {
    case("An order with a note", |case| {
        let text = r#"{"film":"Metropolis","seats":[],"note":"aisle"}"#;
        let expected = Ok(order("Metropolis", &[], Some("aisle")));
        expect(case, text, &expected, "Hand on the note as it is.");
    });
    case("A note that is null", |case| {
        let text = r#"{"film":"Metropolis","seats":[7],"note":null}"#;
        let expected = Ok(order("Metropolis", &[7], None));
        expect(case, text, &expected, "`null` says that there is none.");
    });
}

// Written text needs the same care as text that is read.
#[test]
fn what_is_written_is_json() {
    for film in ["Metropolis", "Say \"hi\"", "C:\\", "two\nlines"] {
        case(&format!("Confirming an order for {film:?}"), |case| {
            let text = exercise::confirm(&order(film, &[3, 4], None));
            let read: Option<Value> = serde_json::from_str(&text).ok();
            let expected = serde_json::json!({"booked": film, "count": 2});
            if read.as_ref() != Some(&expected) {
                let advice = "The title was not written as JSON: quotes, backslashes and line breaks \
                              in it must be escaped. Let `serde_json` write as well as read.";
                case.differ(expected.to_string(), text, advice);
            }
        });
    }
}

// A stranger's text may be anything. "No JSON" and "JSON, but no order" are two different answers.
#[test]
fn wrong_orders_are_refused() {
    for text in [
        "",
        "film=Metropolis",
        "{\"film\":\"M\",\"seats\":[1]",
        "{'film':'M'}",
    ] {
        case(&format!("The text {text:?}"), |case| {
            let advice = "A parser says whether a text is JSON at all.";
            expect(case, text, &Err(Refused::NotJson), advice);
        });
    }
    for (text, member) in [
        (r#"{"seats":[1]}"#, "film"),
        (r#"{"film":"M"}"#, "seats"),
        (r#"{"film":7,"seats":[1]}"#, "film"),
        (r#"{"film":"M","seats":"1"}"#, "seats"),
        (r#"{"film":"M","seats":[1,"2"]}"#, "seats"),
        (r#"{"film":"M","seats":[1.5]}"#, "seats"),
        (r#"{"film":"M","seats":[-1]}"#, "seats"),
        (r#"{"film":"M","seats":[4294967297]}"#, "seats"),
        (r#"{"film":"M","seats":[1],"note":5}"#, "note"),
    ] {
        case(
            &format!("`{member}` is missing or of a wrong type"),
            |case| {
                let advice = "A member that is missing or wrong must be refused by name. Taken for empty, \
                          it books an order for nothing, and nobody is told.";
                expect(case, text, &Err(Refused::Member(member)), advice);
            },
        );
    }
}
