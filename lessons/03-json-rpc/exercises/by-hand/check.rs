//! The check of `by-hand`: the params of one call in many spellings, and texts that must be refused.

mod exercise;
mod given;

use exercise::{Refused, Registration};
use serde_json::{Value, json};
use testkit::{Case, case};

fn registration(service: &str, ports: &[u16], tag: Option<&str>) -> Registration {
    Registration {
        service: service.to_string(),
        ports: ports.to_vec(),
        tag: tag.map(str::to_string),
    }
}

/// Fails unless the text is read as this.
#[track_caller]
fn expect(case: &Case, text: &str, expected: &Result<Registration, Refused>, advice: &str) {
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

// The plainest spelling comes first, and then the belief of this exercise: another program writes the same params,
// and its JSON looks different.
#[test]
fn a_space_changes_nothing() {
    let expected = Ok(registration("the greeter", &[8080, 8081], None));
    case("The params as the stub expects them", |case| {
        let text = r#"{"service":"greeter","ports":[8080,8081]}"#;
        let advice = match exercise::read(text) {
            Err(Refused::Member("tag")) => "There is no `tag`, and that is allowed: it is `None`.",
            _ => "This text has no white space, and its members stand in the expected order.",
        };
        let expected = Ok(registration("greeter", &[8080, 8081], None));
        expect(case, text, &expected, advice);
    });
    case("Params with spaces", |case| {
        let text = r#"{"service": "the greeter", "ports": [8080, 8081]}"#;
        if exercise::read(text) == Ok(registration("thegreeter", &[8080, 8081], None)) {
            let advice = "White space between tokens means nothing, but white space inside a string \
                          is part of it: only a parser knows which is which.";
            expect(case, text, &expected, advice);
        }
        let advice = "The text has a space after each `:` and `,`. JSON allows white space between any \
                      two tokens: let a parser find the members.";
        expect(case, text, &expected, advice);
    });
    case("The same params on several lines, `ports` first", |case| {
        let advice = "The members of an object have no order, and line breaks are white space.";
        let text =
            "{\n  \"ports\": [\n    8080,\n    8081\n  ],\n  \"service\":\t\"the greeter\"\n}\n";
        expect(case, text, &expected, advice);
    });
    case("Params with unknown members", |case| {
        let advice = "A newer client may send more members. Ignore those that are not known here. A `service` \
                      inside another object is not the service of this registration.";
        let text = r#"{"client":{"service":"x","ports":[]},"service":"the greeter","ports":[8080,8081],"v":true}"#;
        expect(case, text, &expected, advice);
    });
}

// One character can be written in several ways. They are equal.
#[test]
fn escapes_are_characters() {
    case("Strings with escapes", |case| {
        let advice = "In JSON `\\\"` is a quote, `\\\\` a backslash and `\\u4f60` the character 你: a \
                      string ends at the first quote that is not escaped.";
        expect(
            case,
            r#"{"service":"\"\u4f60\u597d\" \\ \u0041","ports":[1],"tag":"a\/b\n"}"#,
            &Ok(registration("\"你好\" \\ A", &[1], Some("a/b\n"))),
            advice,
        );
    });
}

// A tag is optional. There are two ways to have none.
#[test]
fn the_tag_is_optional() {
    case("Params with a tag and without ports", |case| {
        let text = r#"{"service":"greeter","ports":[],"tag":"blue"}"#;
        let expected = Ok(registration("greeter", &[], Some("blue")));
        let advice = "The array `ports` is empty, and that is allowed. The tag is a string.";
        expect(case, text, &expected, advice);
    });
    case("A tag that is an empty string", |case| {
        let text = r#"{"service":"","ports":[0,65535],"tag":""}"#;
        let expected = Ok(registration("", &[0, 65535], Some("")));
        let advice =
            "An empty string is a value like any other. 0 and 65535 are the limits of a port.";
        expect(case, text, &expected, advice);
    });
    case("A tag that is null", |case| {
        let text = r#"{"service":"greeter","ports":[7],"tag":null}"#;
        let expected = Ok(registration("greeter", &[7], None));
        expect(case, text, &expected, "A `tag` of `null` is `None`.");
    });
}

// Text that is written needs the same care as text that is read.
#[test]
fn what_is_written_is_json() {
    for (name, ports) in [
        ("greeter", &[8080, 8081][..]),
        ("say \"hi\"", &[1]),
        ("C:\\", &[]),
        ("two\nlines", &[3, 4, 5]),
    ] {
        case(&format!("Confirming the service {name:?}"), |case| {
            let text = exercise::confirm(&registration(name, ports, Some("blue")));
            let expected = json!({"registered": name, "ports": ports.len()});
            let advice = match serde_json::from_str::<Value>(&text) {
                Ok(value) if value == expected => return,
                Ok(_) => {
                    "It is JSON, but its members differ: the name of the service, and the number of \
                     its ports."
                }
                Err(_) if text.is_empty() => "An empty text is not JSON: write an object.",
                Err(_) => {
                    "The text is not JSON: quotes, backslashes and line breaks in the name must be \
                     escaped. Let `serde_json` write as well as read."
                }
            };
            case.differ(expected.to_string(), text, advice);
        });
    }
}

// A client may send any text. "Not JSON" and "JSON without this member" are two different errors.
#[test]
fn wrong_params_are_refused() {
    for text in [
        "",
        "service=greeter",
        "{\"service\":\"g\",\"ports\":[1]",
        "{\"service\":\"g\",\"ports\":[1]} x",
        "{'service':'g'}",
    ] {
        case(&format!("The text {text:?}"), |case| {
            let advice = "This text is not JSON; a parser says so.";
            expect(case, text, &Err(Refused::NotJson), advice);
        });
    }
    for (text, member) in [
        (r#"{"ports":[1]}"#, "service"),
        (r#"{"service":"g"}"#, "ports"),
        (r#"{"service":7,"ports":[1]}"#, "service"),
        (r#"{"service":null,"ports":[1]}"#, "service"),
        (r#"{"service":"g","ports":"1"}"#, "ports"),
        (r#"{"service":"g","ports":null}"#, "ports"),
        (r#"{"service":"g","ports":[1,"2"]}"#, "ports"),
        (r#"{"service":"g","ports":[1.5]}"#, "ports"),
        (r#"{"service":"g","ports":[-1]}"#, "ports"),
        (r#"{"service":"g","ports":[65536]}"#, "ports"),
        (r#"{"service":"g","ports":[1],"tag":5}"#, "tag"),
    ] {
        case(
            &format!("`{member}` is missing or of a wrong type"),
            |case| {
                let advice = match exercise::read(text) {
                    Ok(_) => {
                        "A missing or wrong member was replaced by another value, and the registration was \
                     accepted. Refuse it and name the member, so that the client learns of its error."
                    }
                    Err(_) => "Refuse it with `Member` and the name of the member that is wrong.",
                };
                expect(case, text, &Err(Refused::Member(member)), advice);
            },
        );
    }
    for text in ["[]", "17", "null"] {
        case(
            &format!("The JSON text {text}"),
            |case| match exercise::read(text) {
                Err(Refused::Member(_)) => {}
                answer => case.differ(
                    "Err(Member(..))",
                    format!("{answer:?}"),
                    "This is JSON, but not an object: each of its members is missing.",
                ),
            },
        );
    }
}
