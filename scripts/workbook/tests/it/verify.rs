//! `verify` over a fixture course with one planted fault of every kind: each must be found, and
//! named in a line that says where to look.

use std::fs;

use crate::support::{AssertHas, Fixture, Run};
use workbook::course::Course;
use workbook::verify::{files, listings};

const ALPHA: &str = "lessons/00-first/exercises/alpha";

pub fn replace(fixture: &Fixture, file: &str, from: &str, to: &str) {
    let text = fixture.read(file);
    assert!(text.contains(from), "{file} has no {from}");
    fixture.put(file, text.replace(from, to));
}

/// The faults that can be seen without compiling, as lines.
pub fn seen(fixture: &Fixture) -> Vec<String> {
    let course = Course::load(fixture.root()).unwrap();
    let mut faults = files::faults(&course);
    faults.extend(listings::faults(&course));
    faults.iter().map(ToString::to_string).collect()
}

/// Plants a fault and expects exactly one line, with these words.
pub fn one(plant: impl FnOnce(&Fixture), words: &str) {
    let fixture = Fixture::new();
    plant(&fixture);
    let found = seen(&fixture);
    assert_eq!(found.len(), 1, "{found:#?}");
    found[0].assert_has(&[words]);
}

#[test]
fn a_good_course_has_no_fault() {
    let fixture = Fixture::new().with_the_real_theme();
    assert_eq!(seen(&fixture), [""; 0]);
    let said = fixture.workbook(&["verify"]).env("CI", "true").said();
    assert_eq!(said.code, Some(0), "{}", said.all());
    said.out.assert_has(&[
        "2 exercises, 10 answers (6 of them mistakes, 0 accepted in another style)",
        "solutions run 3 times: no fault",
    ]);
}

#[test]
fn the_text_of_a_learner_is_no_fault() {
    let fixture = Fixture::new();
    fixture.write("alpha", "my work");
    let course = Course::load(fixture.root()).unwrap();
    assert!(files::faults(&course).is_empty());
    assert_eq!(files::edited(&course).len(), 1);
}

const CHAPTER: &str = "book/src/01-second.md";
const CHECK: &str = "lessons/00-first/exercises/alpha/check.rs";
const FIRST: &str = "lessons/00-first/exercises/alpha/mistakes/1_the_same.diff";
const MANIFEST: &str = "lessons/00-first/Cargo.toml";
const SECOND: &str = "lessons/00-first/exercises/alpha/mistakes/2_a_constant.diff";
const SOLUTION: &str = "lessons/00-first/exercises/alpha/solution.rs";
const STUB: &str = "lessons/00-first/exercises/alpha/stub.rs";
const THIRD: &str = "lessons/00-first/exercises/alpha/mistakes/3_for_ever.diff";
const TOML: &str = "lessons/00-first/lesson.toml";

/// A file, a text in it, what takes its place, and words of the only line that names the fault.
const EDITS: &[[&str; 4]] = &[
    [
        MANIFEST,
        "test = false",
        "test = true",
        "needs `test = false`",
    ],
    [
        MANIFEST,
        "alpha/check.rs",
        "alpha/chek.rs",
        "the path of `alpha` must be",
    ],
    [
        MANIFEST,
        "\"l00-first\"",
        "\"first\"",
        "it must be `l00-first`",
    ],
    [
        MANIFEST,
        "[[test]]",
        OLD_TEST,
        "[[test]] `old` is not in lesson.toml",
    ],
    [
        TOML,
        "\"Look at the sign.\", \"Return `n * 2`.\"",
        "\"Look.\"",
        "`alpha` needs 2 hints or more",
    ],
    [TOML, "\"Look at the sign.\"", "\" \"", "none of them empty"],
    [
        TOML,
        "minutes = 5",
        "minutes = 0",
        "must say how many minutes",
    ],
    [
        TOML,
        "minutes = 10",
        "minutes = 91",
        "these must be 60 at most",
    ],
    [
        TOML,
        "minutes = 10",
        "minutes = 4",
        "exercises of the page 00-first take 5 minutes",
    ],
    [
        TOML,
        "\"Double a number.\"",
        "\"\"",
        "the page 00-first has no goals",
    ],
    [
        TOML,
        "\"Twice as much\"",
        "\"\"",
        "needs a title and a goal",
    ],
    [
        CHECK,
        "mod exercise;",
        "pub mod exercise;",
        "it must have the line `mod exercise;`",
    ],
    [
        SOLUTION,
        "//! A product",
        "// A product",
        "must open with `//!` lines",
    ],
    [
        SECOND,
        "check: zero_stays_zero",
        "check: gone",
        "has no test `gone`",
    ],
    [
        SECOND,
        "twice-is-a-constant-more",
        "the-same-is-twice",
        "has other words in",
    ],
    [
        SECOND,
        "belief: twice-is",
        "belief: Twice is",
        "lower-case words",
    ],
    [
        FIRST,
        "belief: the-same-is-twice",
        "belief: another",
        "the exercise's own belief",
    ],
    [
        CHAPTER,
        "{{#exercise beta}}",
        "",
        "does not show `{{#exercise beta}}`",
    ],
    [
        CHAPTER,
        INCLUDE,
        "fn main() {}",
        "must come from a compiled file",
    ],
    [
        CHAPTER,
        "src/main.rs",
        "src/mian.rs",
        "a file that is not there",
    ],
    [
        CHAPTER,
        "src/main.rs",
        "src/main.rs:x",
        "an anchor that is not in the file",
    ],
];
const INCLUDE: &str = "{{#include ../../lessons/01-second/src/main.rs}}";
const OLD_TEST: &str =
    "[[test]]\nname = \"old\"\npath = \"exercises/old/check.rs\"\ntest = false\n\n[[test]]";

#[test]
fn what_one_edit_spoils_is_found_once() {
    for [file, from, to, words] in EDITS {
        one(|fixture| replace(fixture, file, from, to), words);
    }
    // These take others with them.
    for [file, from, to, words] in [
        [
            MANIFEST,
            "name = \"alpha\"",
            "name = \"alfa\"",
            "there is no [[test]] `alpha`",
        ],
        [CHECK, "#[test]", "", "check.rs: it has no #[test]"],
        [SECOND, "says:", "sagt:", "`says:` is missing"],
    ] {
        let fixture = Fixture::new();
        replace(&fixture, file, from, to);
        seen(&fixture).join("\n").assert_has(&[file, words]);
    }
}

#[test]
fn missing_and_stray_files_are_found() {
    let gone = |file: &str, words: &str| one(|f| fs::remove_file(f.path(file)).unwrap(), words);
    gone(SOLUTION, "alpha/solution.rs: the file is missing");
    gone(
        "book/src/00-first.md",
        "book/src/00-first.md: the lesson has no chapter",
    );
    gone(SECOND, "there are 2 mistakes; 3 or more");
    let stray = |file: &str, words: &str| one(|f| f.put(&format!("{ALPHA}/{file}"), ""), words);
    stray("notes.txt", "notes.txt: stray file");
    stray("mistakes/a.txt", "mistakes/a.txt: stray file");
    stray("../gamma/a.txt", "exercises/gamma: stray file");
}

#[test]
fn a_lesson_toml_that_cannot_be_read_is_named() {
    for (from, to, words) in [
        (
            "limit = 2",
            "limit = 61",
            "lesson.toml: the limit of `alpha` is 61 s",
        ),
        ("limit = 2", "limt = 2", "limt"),
    ] {
        let fixture = Fixture::new();
        replace(&fixture, TOML, from, to);
        fixture.refuses(&["verify"]).assert_has(&[TOML, words]);
    }
}

#[test]
fn an_id_that_is_used_twice_is_named() {
    let fixture = Fixture::new();
    replace(
        &fixture,
        "lessons/01-second/lesson.toml",
        "id = \"beta\"",
        "id = \"alpha\"",
    );
    let said = fixture.refuses(&["verify"]);
    said.assert_has(&["the id `alpha` is taken by lesson 00-first"]);
}

#[test]
fn a_change_that_does_not_fit_any_more_is_found() {
    let edit = |from: &str, to: &str| {
        let fixture = Fixture::new();
        replace(&fixture, SOLUTION, from, to);
        seen(&fixture)
    };
    // An edit elsewhere does no harm.
    assert_eq!(edit("/// Returns", "/// A sum.\n///\n/// Returns"), [""; 0]);
    let found = edit("n * 2", "n + n");
    assert_eq!(found.len(), 3, "{found:#?}");
    let words = "mistakes/1_the_same.diff: it does not fit lessons/00-first/exercises/alpha/solution.rs: \
                 hunk 1 (@@ -4,3 +4,4 @@) does not fit: these lines are not in the text:\n";
    found[0].assert_has(&[words]);
    let no_hunk = |f: &Fixture| f.put(SECOND, f.read(SECOND).split("@@").next().unwrap());
    one(no_hunk, "there is no hunk: it is the solution");
}

#[test]
fn answers_that_do_not_do_what_they_must_are_found() {
    let fixture = Fixture::new();
    let beta = "lessons/01-second/exercises/beta";
    // A stub that passes, a stub that does not compile, a solution that fails, a mistake that
    // passes, one rejected for another reason, one that does not compile, and untidy code.
    let solution = fixture.read(SOLUTION);
    fixture.put(STUB, &solution);
    fixture.put(
        &format!("{beta}/stub.rs"),
        "pub fn serve() -> u32 { \"x\" }\n",
    );
    fixture.put(
        SOLUTION,
        "//! Why.\n\npub fn double(n: u32) -> u32 {\n    return n * 3;\n}\n",
    );
    replace(
        &fixture,
        &format!("{beta}/solution.rs"),
        "    client.read",
        "  client.read",
    );
    replace(&fixture, FIRST, "let same = n;", "let same = n * 2;");
    for file in [FIRST, SECOND, THIRD] {
        // The stub is the good solution here, and the solution a bad one.
        replace(&fixture, file, "of: solution", "of: stub");
    }
    replace(&fixture, SECOND, "do not add", "never add");
    replace(&fixture, THIRD, "twice.min(n)", "\"for ever\"");

    // And two links of the book that lead nowhere.
    let chapter = "book/src/00-first.md";
    replace(&fixture, chapter, "#the-second-lesson", "#the-third-lesson");
    let text = fixture.read(chapter);
    fixture.put(chapter, text + "\n[gone](gone.md)\n");

    let said = fixture.run(&["verify"]);
    assert_eq!(said.code, Some(1), "{}", said.all());
    said.out.assert_has(&["book/src/00-first.md: 01-second.html#the-third-lesson: ",
        "book/src/00-first.md: gone.html: there is no such file",
        "alpha/stub.rs: the stub passes: there is nothing to do",
        "beta/stub.rs: it does not compile: error[E0308]",
        "alpha/solution.rs: the solution failed (run 1 of 1, doubles): A number is doubled",
        "alpha/solution.rs: clippy: unneeded `return` statement",
        "beta/solution.rs: rustfmt would change it",
        "mistakes/1_the_same.diff: the mistake passes",
        "mistakes/2_a_constant.diff: it must be rejected by `zero_stays_zero` with the words \"never add",
        "mistakes/3_for_ever.diff: it does not compile: error[E0308]"]);
}

#[test]
fn a_mistake_under_the_belief_of_another_one_is_found() {
    let fixture = Fixture::new().with_the_real_theme();
    // A third mistake that the check tells from the first one no more than a verdict does.
    let twin = format!("{ALPHA}/mistakes/4_a_twin.diff");
    let text = (fixture.read(FIRST))
        .replace("the-same-is-twice", "nothing-is-twice")
        .replace("The same is twice as much.", "Nothing is twice as much.")
        .replace("let same = n;", "let same = n * 1;");
    fixture.put(&twin, text);
    let text = fixture.run(&["verify", "alpha"]).out;
    text.assert_has(&["4_a_twin.diff: a verdict names the belief `the-same-is-twice` and not its own, `nothing-is-twice`"]);
}

#[test]
fn a_stub_that_hangs_or_exits_is_found() {
    let fixture = Fixture::new();
    let beta = "lessons/01-second/exercises/beta";
    fixture.put(
        STUB,
        "pub fn double(n: u32) -> u32 {\n    loop {\n        std::hint::black_box(n);\n    }\n}\n",
    );
    fixture.put(&format!("{beta}/stub.rs"), "pub fn serve(_: std::net::TcpListener) -> std::io::Result<()> {\n    std::process::exit(3)\n}\n");
    let text = fixture.run(&["verify"]).out;
    text.assert_has(&[
        "alpha/stub.rs: the stub hangs",
        "beta/stub.rs: the stub must fail by an assertion or a todo!",
    ]);
}

#[test]
fn an_answer_that_does_not_compile_does_not_take_the_others_down() {
    let fixture = Fixture::new().with_the_real_theme();
    replace(&fixture, THIRD, "twice.min(n)", "\"for ever\"");
    let said = fixture.run(&["verify", "alpha"]);
    let out = "3_for_ever.diff: it does not compile: error[E0308]";
    said.out.assert_has(&[out, "5 answers", ": 1 fault"]);
    let progress = [
        "compiling 5 answers in 1 programs",
        "compiling 1 answers alone",
    ];
    said.err.assert_has(&progress);
}

#[test]
fn what_is_given_stands_once_beside_the_answer() {
    let fixture = Fixture::new().with_the_real_theme();
    let given = format!("{ALPHA}/given.rs");
    fixture.put(
        &given,
        "//! Given.\n\n/// A number.\npub type Number = u32;\n",
    );
    seen(&fixture).join("\n").assert_has(&["need each other"]);
    replace(
        &fixture,
        CHECK,
        "mod exercise;",
        "mod exercise;\nmod given;",
    );
    let old = fixture.read(SOLUTION);
    for file in ["exercise", "stub", "solution"] {
        let file = format!("{ALPHA}/{file}.rs");
        replace(&fixture, &file, "n: u32) -> u32", "n: Number) -> Number");
        let given = "pub use super::given::*;\n\n/// Returns";
        replace(&fixture, &file, "/// Returns", given);
    }
    for file in [FIRST, SECOND, THIRD] {
        replace(&fixture, file, "n: u32) -> u32", "n: Number) -> Number");
    }
    assert_eq!(seen(&fixture), [""; 0]);
    let text = fixture.says(&["verify", "alpha"]);
    text.assert_has(&["5 answers", "no fault"]);
    // The text of a learner who knew no given.rs has its own types, and passes as before.
    fixture.write("alpha", &old);
    assert_eq!(
        fixture.says(&["check", "alpha"]),
        "✓ 0.1 alpha   passed in T s\n"
    );
    fs::remove_file(fixture.path(&given)).unwrap();
    seen(&fixture).join("\n").assert_has(&["need each other"]);
}

#[test]
fn one_exercise_or_one_lesson_can_be_proven_alone() {
    let fixture = Fixture::new();
    // A fault in the other lesson's answers is not its business.
    fixture.put(
        "lessons/01-second/exercises/beta/solution.rs",
        "//! Why.\n\npub fn serve() {}\n",
    );
    for name in ["alpha", "00-first"] {
        let text = fixture.run(&["verify", name]).out;
        text.assert_has(&["verify: 1 exercise, 5 answers"]);
        assert!(!text.contains("does not compile"), "{text}");
    }
    let text = fixture.run(&["verify", "00-first", "alpha", "beta"]).out;
    text.assert_has(&["verify: 2 exercises, 9 answers"]);
    fixture.refuses(&["verify", "alpa"]).assert_has(&["alpha"]);
}
