//! `mistake`: out of the text in `exercise.rs` comes a change that `verify` accepts as a known mistake.

use std::fs;

use crate::support::{AssertHas, Fixture};

const MISTAKES: &str = "lessons/00-first/exercises/alpha/mistakes";
const SQUARE: &str = "/// Returns twice `n`.\npub fn double(n: u32) -> u32 {\n    n * n\n}\n";

#[test]
fn the_answer_becomes_the_next_mistake() {
    let fixture = Fixture::new();
    fixture.write("alpha", SQUARE);
    let output = fixture.run(&[
        "mistake",
        "alpha",
        "--name",
        "twice-is-a-square",
        "--words",
        "Twice is a square.",
    ]);
    let text = output.out;
    assert!(output.code == Some(0), "{text}");
    let file = format!("{MISTAKES}/4_twice_is_a_square.diff");
    let written = fixture.read(&file);
    assert_eq!(
        written,
        "belief: twice-is-a-square\n\
         words: Twice is a square.\n\
         check: doubles\n\
         says: You returned the number itself: add it to\n\
         of: solution\n\n\
         @@ -4,3 +4,3 @@\n pub fn double(n: u32) -> u32 {\n-    n * 2\n+    n * n\n }\n"
    );
    assert!(text.contains(&written), "{text}");
    text.assert_has(&["1_the_same.diff announces the same rejection"]);
    // The learner's side has not changed: the text, and nothing in the record.
    let answer = fixture.text("alpha");
    assert_eq!(answer, SQUARE);
    assert!(!fixture.path(".workbook/attempts.jsonl").exists());

    assert_eq!(
        fixture.mistake("alpha", "4_twice_is_a_square"),
        "//! A product says what is meant; a sum would do as well.\n\n".to_owned() + SQUARE
    );
    let output = fixture.run(&["check", "alpha", "--answer", "mistakes/4_twice_is_a_square"]);
    assert_eq!(output.code, Some(1));
}

#[test]
fn what_cannot_be_a_mistake_is_refused() {
    let fixture = Fixture::new();
    let refused = |arguments: &[&str], words: &str| {
        let output = fixture.run(&[&["mistake", "alpha"], arguments].concat());
        let text = output.err;
        assert_eq!(output.code, Some(2), "{text}");
        assert!(text.contains(words), "expected \"{words}\" in:\n{text}");
    };
    refused(&[], "which belief?");
    refused(&["--name", "Twice Is"], "lower-case words with hyphens");
    refused(&["--name", "new"], "give the belief in --words");
    refused(
        &["--name", "the-same-is-twice", "--words", "Other."],
        "other words for `the-same-is-twice`",
    );
    fixture.write("alpha", &SQUARE.replace("n * n", "n * 2"));
    refused(
        &["--name", "new", "--words", "W."],
        "passes: it is no mistake",
    );
    fixture.write("alpha", &SQUARE.replace("n * n", "n *"));
    refused(&["--name", "new", "--words", "W."], "does not compile");
    assert_eq!(fs::read_dir(fixture.path(MISTAKES)).unwrap().count(), 3);
}
