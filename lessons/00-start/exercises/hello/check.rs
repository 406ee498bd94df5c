//! The check of `hello`. Reading a check is no cheating: it is the exact form of the question.

mod exercise;

use testkit::case;

// ANCHOR: expected
const EXPECTED: &str = "hello, wire";
// ANCHOR_END: expected

// It compiles, so the types are right. Whether the *text* is right, only running it can tell.
#[test]
fn says_hello() {
    case("The first message", |case| {
        let answer = exercise::greeting();
        if answer.is_empty() {
            case.differ(
                r#""hello, wire""#,
                "nothing (an empty string)",
                "You returned nothing. It compiles because an empty text is a text too: the \
                 compiler checks types, not meaning.",
            );
        }
        if answer.trim() == EXPECTED {
            case.expect_eq(
                EXPECTED,
                answer,
                "Nearly: there is a space or a newline around it. You cannot see it on the \
                 screen, but a program at the other end of a wire can.",
            );
        }
        if answer.to_lowercase().replace([' ', ','], "") == "hellowire" {
            case.expect_eq(
                EXPECTED,
                answer,
                "A person reads the same, a program compares bytes: a capital letter or a missing \
                 space makes another message.",
            );
        }
        case.expect_eq(
            EXPECTED,
            answer,
            "Return exactly the text between the quotes.",
        );
    });
}
