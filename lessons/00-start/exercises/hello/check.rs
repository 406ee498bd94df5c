//! The check of `hello`. Read it whenever you like: a check is the exact form of the task.

mod exercise;

use testkit::case;

// ANCHOR: expected
const EXPECTED: &str = "hello, wire";
// ANCHOR_END: expected

// Teaches that a function that compiles can return the wrong value: only running it shows that.
#[test]
fn says_hello() {
    case("The first message", |case| {
        let answer = exercise::greeting();
        if answer.is_empty() {
            case.differ(
                r#""hello, wire""#,
                "nothing (an empty string)",
                "You returned nothing. It compiles because an empty text is a text, too: the \
                 compiler checks types, not values.",
            );
        }
        if answer.trim() == EXPECTED {
            case.expect_eq(
                EXPECTED,
                answer,
                "Nearly: there is a space or a newline around the text. It is invisible on the \
                 screen, but a program that compares bytes finds it.",
            );
        }
        if answer.to_lowercase().replace([' ', ','], "") == "hellowire" {
            case.expect_eq(
                EXPECTED,
                answer,
                "A person reads the same text, but a program compares bytes: a capital letter, a \
                 comma or a space makes another message.",
            );
        }
        if answer.trim_matches('"') == EXPECTED {
            case.expect_eq(
                EXPECTED,
                answer,
                "The quotes in the verdict mark where a text begins and ends. They do not belong to it.",
            );
        }
        case.expect_eq(
            EXPECTED,
            answer,
            "Your function returns another text than the one that `exercise.rs` asks for.",
        );
    });
}
