//! Right answers in another style, which stand in the folder `accepted/` of an exercise; and mistakes that a
//! verdict tells apart.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{AssertHas, Fixture};
use crate::verify::seen;
use crate::workspace::{for_each_rust_file, lessons};

const ALPHA: &str = "lessons/00-first/exercises/alpha";

#[test]
fn right_answers_in_another_style_must_pass() {
    let right = "//! Accepted: a sum in place of a product.\n\n/// Returns twice `n`.\npub fn double(n: u32) -> u32 {\n    n + n\n}\n";
    let accepted = |name: &str, text: &str| {
        let fixture = Fixture::new().with_the_real_theme();
        let dir = fixture.path(&format!("{ALPHA}/accepted"));
        fs::create_dir(&dir).unwrap();
        fs::write(dir.join(name), text).unwrap();
        fixture
    };
    let fixture = accepted("a_sum.rs", right);
    assert_eq!(seen(&fixture), [""; 0]);
    let text = fixture.says(&["verify", "alpha"]);
    text.assert_has(&[
        "6 answers (3 of them mistakes, 1 accepted in another style)",
        "no fault",
    ]);
    let fixture = accepted("a_sum.rs", &right.replace("n + n", "return n"));
    let text = fixture.says(&["verify", "alpha"]);
    text.assert_has(&[
        "accepted/a_sum.rs: the accepted answer failed (run 1 of 1, doubles): A number is doubled",
        "accepted/a_sum.rs: clippy: unneeded `return` statement",
    ]);
    let found = seen(&accepted("a_sum.rs", "//! A sum.\n"));
    assert!(
        found[0].contains("a_sum.rs: its first line must be `//! Accepted: `"),
        "{found:?}"
    );
    let found = seen(&accepted("notes.txt", ""));
    assert!(
        found[0].contains("accepted/notes.txt: stray file"),
        "{found:?}"
    );
}

#[test]
fn mistakes_that_only_a_number_tells_apart_are_found() {
    let fixture = Fixture::new().with_the_real_theme();
    let twin = format!("{ALPHA}/mistakes/4_one_more.diff");
    let first = fixture.path(&format!("{ALPHA}/mistakes/1_the_same.diff"));
    let text = fs::read_to_string(&first).unwrap();
    fs::write(
        &first,
        text.replace("says: add it to itself", "says: your answer 21"),
    )
    .unwrap();
    let text = text
        .replace("the-same-is-twice", "one-more-is-twice")
        .replace("The same is twice as much.", "One more is twice as much.")
        .replace("let same = n;", "let same = n + 2;");
    let says = text
        .lines()
        .find(|line| line.starts_with("says: "))
        .unwrap();
    let text = text.replace(says, "says: your answer 23");
    fixture.put(&twin, text);
    let says = fixture.says(&["verify", "alpha"]);
    let words = "4_one_more.diff: its message is that of 1_the_same.diff: tell what was seen, so that a learner can \
                 tell them apart: A number is doubled expected # your answer #";
    assert!(says.contains(words), "{says}");
}

/// Lessons whose checks still compare bare numbers.
const BARE: [&str; 1] = ["03-json-rpc"];

/// `expected 0, your answer 1` says nothing: a number has a name and a unit, a boolean is words.
#[test]
fn a_check_names_the_numbers_that_it_compares() {
    for (name, dir) in lessons() {
        for_each_rust_file(&dir.join("exercises"), &mut |path, text| {
            let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
            for (at, call) in text.match_indices("expect_eq(") {
                let value = text[at + call.len()..].trim_start().trim_start_matches('&');
                let bare = value.starts_with(|c: char| c.is_ascii_digit() || c == '-')
                    || value.starts_with("true")
                    || value.starts_with("false");
                assert!(
                    !bare || BARE.contains(&name.as_str()),
                    "{}: expect_named tells a number with its name and unit, expect_ok and expect_err what returned",
                    path.display()
                );
            }
        });
    }
}

/// `says` recognises a belief by words of the message. A number that stands in none of the exercise's given texts was
/// computed from one wrong answer: another answer of the same belief gets another one, and no belief.
#[test]
fn what_a_mistake_says_holds_no_number_of_one_answer() {
    for (_, dir) in lessons() {
        for exercise in folders(&dir.join("exercises")) {
            let given: String = ["check.rs", "given.rs", "stub.rs"]
                .iter()
                .filter_map(|file| fs::read_to_string(exercise.join(file)).ok())
                .collect();
            let given = given.replace('_', "");
            let given: HashSet<&str> = given.split(not_in_a_number).collect();
            for mistake in folders(&exercise.join("mistakes")) {
                let text = fs::read_to_string(&mistake).unwrap();
                let says = text.lines().find_map(|line| line.strip_prefix("says: "));
                let numbers = says.unwrap_or_default().split(not_in_a_number);
                // One digit may be a word of any message: "message 1".
                let mut numbers = numbers
                    .map(|number| number.trim_matches(['.', ',']))
                    .filter(|number| number.len() > 1);
                let of_one = numbers.find(|number| {
                    !given
                        .iter()
                        .any(|word| word.trim_matches(['.', ',']) == *number)
                });
                assert!(
                    of_one.is_none(),
                    "{}: `{}` stands in no given text: take words of the message without it",
                    mistake.display(),
                    of_one.unwrap_or_default()
                );
            }
        }
    }
}

fn not_in_a_number(c: char) -> bool {
    !c.is_ascii_digit() && c != '.' && c != ','
}

/// What stands in this folder, in order; nothing if there is no such folder.
fn folders(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}
