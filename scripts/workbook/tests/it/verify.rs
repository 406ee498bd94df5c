//! `verify` over a fixture course with one planted fault of every kind: each must be found, and
//! named in a line that says where to look.

use std::fs;

use crate::support::Fixture;
use workbook::course::Course;
use workbook::verify::{files, listings, slugs};

const ALPHA: &str = "lessons/00-first/exercises/alpha";

pub fn replace(fixture: &Fixture, file: &str, from: &str, to: &str) {
    let path = fixture.path(file);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{file} has no {from}");
    fs::write(path, text.replace(from, to)).unwrap();
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
    assert!(
        found[0].contains(words),
        "expected \"{words}\" in:\n{}",
        found[0]
    );
}

#[test]
fn a_good_course_has_no_fault() {
    let fixture = Fixture::new().with_the_real_theme();
    assert_eq!(seen(&fixture), [""; 0]);
    let output = fixture
        .workbook(&["verify"])
        .env("CI", "true")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(
        text.contains("2 exercises, 10 answers (6 of them mistakes, 0 accepted in another style)"),
        "{text}"
    );
    assert!(text.contains("solutions run 3 times: no fault"), "{text}");
}

#[test]
fn the_text_of_a_learner_is_no_fault() {
    let fixture = Fixture::new();
    fixture.write("alpha", "my work");
    let course = Course::load(fixture.root()).unwrap();
    assert!(files::faults(&course).is_empty());
    assert_eq!(files::edited(&course).len(), 1);
}

#[test]
fn missing_files_are_found() {
    one(
        |f| fs::remove_file(f.path(&format!("{ALPHA}/solution.rs"))).unwrap(),
        "alpha/solution.rs: the file is missing",
    );
    one(
        |f| fs::remove_file(f.path("book/src/00-first.md")).unwrap(),
        "book/src/00-first.md: the lesson has no chapter",
    );
}

#[test]
fn stray_files_are_found() {
    one(
        |f| fs::write(f.path(&format!("{ALPHA}/notes.txt")), "").unwrap(),
        "notes.txt: stray file",
    );
    one(
        |f| fs::create_dir(f.path("lessons/00-first/exercises/gamma")).unwrap(),
        "exercises/gamma: stray file",
    );
    one(
        |f| fs::write(f.path(&format!("{ALPHA}/mistakes/a.txt")), "").unwrap(),
        "mistakes/a.txt: stray file",
    );
}

#[test]
fn a_manifest_that_disagrees_is_found() {
    const MANIFEST: &str = "lessons/00-first/Cargo.toml";
    one(
        |f| replace(f, MANIFEST, "test = false", "test = true"),
        "needs `test = false`",
    );
    one(
        |f| replace(f, MANIFEST, "alpha/check.rs", "alpha/chek.rs"),
        "the path of `alpha` must be",
    );
    one(
        |f| replace(f, MANIFEST, "name = \"l00-first\"", "name = \"first\""),
        "it must be `l00-first`",
    );
    one(
        |f| {
            let path = f.path(MANIFEST);
            let text = fs::read_to_string(&path).unwrap();
            let more =
                "\n[[test]]\nname = \"old\"\npath = \"exercises/old/check.rs\"\ntest = false\n";
            fs::write(path, text + more).unwrap();
        },
        "[[test]] `old` is not in lesson.toml",
    );
    let fixture = Fixture::new();
    replace(&fixture, MANIFEST, "name = \"alpha\"", "name = \"alfa\"");
    let found = seen(&fixture).join("\n");
    assert!(found.contains("there is no [[test]] `alpha`"), "{found}");
}

#[test]
fn a_poor_lesson_toml_is_found() {
    const TOML: &str = "lessons/00-first/lesson.toml";
    one(
        |f| {
            replace(
                f,
                TOML,
                "\"Look at the sign.\", \"Return `n * 2`.\"",
                "\"Look.\"",
            )
        },
        "`alpha` needs 2 hints or more",
    );
    one(
        |f| replace(f, TOML, "\"Look at the sign.\"", "\" \""),
        "none of them empty",
    );
    one(
        |f| replace(f, TOML, "minutes = 5", "minutes = 0"),
        "must say how many minutes",
    );
    one(
        |f| replace(f, TOML, "minutes = 10", "minutes = 91"),
        "these must be 60 at most",
    );
    one(
        |f| replace(f, TOML, "minutes = 10", "minutes = 4"),
        "the core exercises of the page 00-first take 5 minutes",
    );
    one(
        |f| replace(f, TOML, "\"Double a number.\"", "\"\""),
        "the page 00-first has no goals",
    );
    one(
        |f| replace(f, TOML, "title = \"Twice as much\"", "title = \"\""),
        "needs a title and a goal",
    );
}

#[test]
fn a_lesson_toml_that_cannot_be_read_is_named() {
    let fixture = Fixture::new();
    replace(
        &fixture,
        "lessons/00-first/lesson.toml",
        "limit = 2",
        "limit = 61",
    );
    let output = fixture.run(&["verify"]);
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(
        text.contains("lessons/00-first/lesson.toml: the limit of `alpha` is 61 s"),
        "{text}"
    );
    replace(
        &fixture,
        "lessons/00-first/lesson.toml",
        "limit = 61",
        "limt = 2",
    );
    let output = fixture.run(&["verify"]);
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("limt"), "{text}");
    assert_eq!(output.status.code(), Some(2));
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
    let text = String::from_utf8_lossy(&fixture.run(&["verify"]).stderr).into_owned();
    assert!(
        text.contains("the id `alpha` is taken by lesson 00-first"),
        "{text}"
    );
}

#[test]
fn poor_checks_and_solutions_are_found() {
    one(
        |f| {
            replace(
                f,
                &format!("{ALPHA}/check.rs"),
                "mod exercise;",
                "#[path = \"exercise.rs\"] mod exercise;",
            )
        },
        "it must have the line `mod exercise;`",
    );
    one(
        |f| {
            replace(
                f,
                &format!("{ALPHA}/solution.rs"),
                "//! A product",
                "// A product",
            )
        },
        "must open with `//!` lines",
    );
    let fixture = Fixture::new();
    replace(&fixture, &format!("{ALPHA}/check.rs"), "#[test]", "");
    let found = seen(&fixture).join("\n");
    assert!(found.contains("check.rs: it has no #[test]"), "{found}");
}

#[test]
fn poor_mistakes_are_found() {
    let second = format!("{ALPHA}/mistakes/2_a_constant.diff");
    one(
        |f| replace(f, &second, "check: zero_stays_zero", "check: gone"),
        "has no test `gone`",
    );
    one(
        |f| fs::remove_file(f.path(&second)).unwrap(),
        "there are 2 mistakes; 3 or more",
    );
    one(
        |f| {
            replace(
                f,
                &second,
                "belief: twice-is-a-constant-more",
                "belief: the-same-is-twice",
            )
        },
        "has other words in",
    );
    one(
        |f| replace(f, &second, "belief: twice-is", "belief: Twice is"),
        "lower-case words",
    );
    let fixture = Fixture::new();
    replace(&fixture, &second, "says:", "sagt:");
    let found = seen(&fixture).join("\n");
    assert!(
        found.contains("2_a_constant.diff") && found.contains("`says:` is missing"),
        "{found}"
    );
    one(
        |f| {
            replace(
                f,
                &format!("{ALPHA}/mistakes/1_the_same.diff"),
                "belief: the-same-is-twice",
                "belief: another",
            )
        },
        "the first mistake must be the exercise's own belief",
    );
}

#[test]
fn a_change_that_does_not_fit_any_more_is_found() {
    let solution = format!("{ALPHA}/solution.rs");
    let edit = |from: &str, to: &str| {
        let fixture = Fixture::new();
        replace(&fixture, &solution, from, to);
        seen(&fixture)
    };
    // An edit elsewhere does no harm.
    assert_eq!(edit("/// Returns", "/// A sum.\n///\n/// Returns"), [""; 0]);
    let found = edit("n * 2", "n + n");
    assert_eq!(found.len(), 3, "{found:#?}");
    let words = "mistakes/1_the_same.diff: it does not fit lessons/00-first/exercises/alpha/solution.rs: \
                 hunk 1 (@@ -4,3 +4,4 @@) does not fit: these lines are not in the text:\n";
    assert!(found[0].contains(words), "{}", found[0]);
    one(
        |f| {
            let file = f.path(&format!("{ALPHA}/mistakes/2_a_constant.diff"));
            let text = fs::read_to_string(&file).unwrap();
            fs::write(file, &text[..text.find("@@").unwrap()]).unwrap();
        },
        "there is no hunk: it is the solution",
    );
}

#[test]
fn poor_chapters_are_found() {
    const CHAPTER: &str = "book/src/01-second.md";
    one(
        |f| replace(f, CHAPTER, "{{#exercise beta}}", ""),
        "does not show `{{#exercise beta}}`",
    );
    one(
        |f| {
            replace(
                f,
                CHAPTER,
                "{{#include ../../lessons/01-second/src/main.rs}}",
                "fn main() {}",
            )
        },
        "must come from a compiled file",
    );
    one(
        |f| replace(f, CHAPTER, "src/main.rs", "src/mian.rs"),
        "a file that is not there",
    );
    one(
        |f| replace(f, CHAPTER, "src/main.rs", "src/main.rs:x"),
        "an anchor that is not in the file",
    );
}

#[test]
fn answers_that_do_not_do_what_they_must_are_found() {
    let fixture = Fixture::new();
    let beta = "lessons/01-second/exercises/beta";
    // A stub that passes, a stub that does not compile, a solution that fails, a mistake that
    // passes, one rejected for another reason, one that does not compile, and untidy code.
    let solution = fs::read_to_string(fixture.path(&format!("{ALPHA}/solution.rs"))).unwrap();
    fs::write(fixture.path(&format!("{ALPHA}/stub.rs")), &solution).unwrap();
    fs::write(
        fixture.path(&format!("{beta}/stub.rs")),
        "pub fn serve() -> u32 { \"x\" }\n",
    )
    .unwrap();
    fs::write(
        fixture.path(&format!("{ALPHA}/solution.rs")),
        "//! Why.\n\npub fn double(n: u32) -> u32 {\n    return n * 3;\n}\n",
    )
    .unwrap();
    replace(
        &fixture,
        &format!("{beta}/solution.rs"),
        "    client.read",
        "  client.read",
    );
    let first = format!("{ALPHA}/mistakes/1_the_same.diff");
    replace(&fixture, &first, "let same = n;", "let same = n * 2;");
    for name in ["1_the_same", "2_a_constant", "3_for_ever"] {
        // The stub is the good solution here, and the solution a bad one.
        let file = format!("{ALPHA}/mistakes/{name}.diff");
        replace(&fixture, &file, "of: solution", "of: stub");
    }
    replace(
        &fixture,
        &format!("{ALPHA}/mistakes/2_a_constant.diff"),
        "do not add",
        "never add",
    );
    replace(
        &fixture,
        &format!("{ALPHA}/mistakes/3_for_ever.diff"),
        "twice.min(n)",
        "\"for ever\"",
    );

    // And two links of the book that lead nowhere.
    let chapter = "book/src/00-first.md";
    replace(&fixture, chapter, "#the-second-lesson", "#the-third-lesson");
    let text = fs::read_to_string(fixture.path(chapter)).unwrap();
    fs::write(fixture.path(chapter), text + "\n[gone](gone.md)\n").unwrap();

    let output = fixture.run(&["verify"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{text}");
    for line in [
        "book/src/00-first.md: 01-second.html#the-third-lesson: ",
        "book/src/00-first.md: gone.html: there is no such file",
        "alpha/stub.rs: the stub passes: there is nothing to do",
        "beta/stub.rs: it does not compile: error[E0308]",
        "alpha/solution.rs: the solution failed (run 1 of 1, doubles): A number is doubled",
        "alpha/solution.rs: clippy: unneeded `return` statement",
        "beta/solution.rs: rustfmt would change it",
        "mistakes/1_the_same.diff: the mistake passes",
        "mistakes/2_a_constant.diff: it must be rejected by `zero_stays_zero` with the words \"never add",
        "mistakes/3_for_ever.diff: it does not compile: error[E0308]",
    ] {
        assert!(text.contains(line), "not found: {line}\n{text}");
    }
}

#[test]
fn a_mistake_under_the_belief_of_another_one_is_found() {
    let fixture = Fixture::new().with_the_real_theme();
    // A third mistake that the check tells from the first one no more than a verdict does.
    let twin = format!("{ALPHA}/mistakes/4_a_twin.diff");
    let first = fs::read_to_string(fixture.path(&format!("{ALPHA}/mistakes/1_the_same.diff")));
    let text = (first.unwrap())
        .replace("the-same-is-twice", "nothing-is-twice")
        .replace("The same is twice as much.", "Nothing is twice as much.")
        .replace("let same = n;", "let same = n * 1;");
    fs::write(fixture.path(&twin), text).unwrap();
    let output = fixture.run(&["verify", "alpha"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        text.contains(
            "4_a_twin.diff: a verdict names the belief `the-same-is-twice` and not its own, `nothing-is-twice`"
        ),
        "{text}"
    );
    // What is known is no fault; what is known and mended, or gone, is one.
    let list = fixture.path(slugs::FILE);
    fs::create_dir_all(list.parent().unwrap()).unwrap();
    fs::write(&list, format!("# Left to mend.\n{twin}\n")).unwrap();
    let text = fixture.says(&["verify", "alpha"]);
    assert!(text.contains("no fault"), "{text}");
    let second = twin.replace("4_a_twin", "2_a_constant");
    fs::write(&list, format!("{twin}\n{second}\nlessons/gone.diff\n")).unwrap();
    let text = fixture.says(&["verify", "alpha"]);
    for line in [
        "2_a_constant.diff: a verdict names its own belief, `twice-is-a-constant-more`: take it out of",
        "known-slugs.txt: there is no lessons/gone.diff: take the line out",
        "2 faults",
    ] {
        assert!(text.contains(line), "not found: {line}\n{text}");
    }
}

#[test]
fn a_stub_that_hangs_or_exits_is_found() {
    let fixture = Fixture::new();
    let beta = "lessons/01-second/exercises/beta";
    fs::write(
        fixture.path(&format!("{ALPHA}/stub.rs")),
        "pub fn double(n: u32) -> u32 {\n    loop {\n        std::hint::black_box(n);\n    }\n}\n",
    )
    .unwrap();
    fs::write(
        fixture.path(&format!("{beta}/stub.rs")),
        "pub fn serve(_: std::net::TcpListener) -> std::io::Result<()> {\n    std::process::exit(3)\n}\n",
    )
    .unwrap();
    let text = String::from_utf8_lossy(&fixture.run(&["verify"]).stdout).into_owned();
    assert!(text.contains("alpha/stub.rs: the stub hangs"), "{text}");
    assert!(
        text.contains("beta/stub.rs: the stub must fail by an assertion or a todo!"),
        "{text}"
    );
}

#[test]
fn an_answer_that_does_not_compile_does_not_take_the_others_down() {
    let fixture = Fixture::new().with_the_real_theme();
    let third = format!("{ALPHA}/mistakes/3_for_ever.diff");
    replace(&fixture, &third, "twice.min(n)", "\"for ever\"");
    let output = fixture.run(&["verify", "alpha"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let progress = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        text.contains("3_for_ever.diff: it does not compile: error[E0308]"),
        "{text}"
    );
    assert!(text.contains("5 answers"), "{text}");
    assert!(text.contains(": 1 fault"), "{text}");
    assert!(
        progress.contains("compiling 5 answers in 1 programs"),
        "{progress}"
    );
    assert!(progress.contains("compiling 1 answers alone"), "{progress}");
}

#[test]
fn what_is_given_stands_once_beside_the_answer() {
    let fixture = Fixture::new().with_the_real_theme();
    let given = fixture.path(&format!("{ALPHA}/given.rs"));
    fs::write(
        &given,
        "//! Given.\n\n/// A number.\npub type Number = u32;\n",
    )
    .unwrap();
    assert!(seen(&fixture).join("\n").contains("need each other"));
    let check = format!("{ALPHA}/check.rs");
    replace(
        &fixture,
        &check,
        "mod exercise;",
        "mod exercise;\nmod given;",
    );
    let old = fs::read_to_string(fixture.path(&format!("{ALPHA}/solution.rs"))).unwrap();
    for file in ["exercise", "stub", "solution"] {
        let file = format!("{ALPHA}/{file}.rs");
        replace(&fixture, &file, "n: u32) -> u32", "n: Number) -> Number");
        replace(
            &fixture,
            &file,
            "/// Returns",
            "pub use super::given::*;\n\n/// Returns",
        );
    }
    for name in ["1_the_same", "2_a_constant", "3_for_ever"] {
        let file = format!("{ALPHA}/mistakes/{name}.diff");
        replace(&fixture, &file, "n: u32) -> u32", "n: Number) -> Number");
    }
    assert_eq!(seen(&fixture), [""; 0]);
    let text = fixture.says(&["verify", "alpha"]);
    assert!(
        text.contains("5 answers") && text.contains("no fault"),
        "{text}"
    );
    // The text of a learner who knew no given.rs has its own types, and passes as before.
    fixture.write("alpha", &old);
    assert_eq!(
        fixture.says(&["check", "alpha"]),
        "✓ 0.1 alpha   passed in T s\n"
    );
    fs::remove_file(given).unwrap();
    assert!(seen(&fixture).join("\n").contains("need each other"));
}

#[test]
fn one_exercise_or_one_lesson_can_be_proven_alone() {
    let fixture = Fixture::new();
    // A fault in the other lesson's answers is not its business.
    fs::write(
        fixture.path("lessons/01-second/exercises/beta/solution.rs"),
        "//! Why.\n\npub fn serve() {}\n",
    )
    .unwrap();
    for name in ["alpha", "00-first"] {
        let output = fixture.run(&["verify", name]);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(text.contains("verify: 1 exercise, 5 answers"), "{text}");
        assert!(!text.contains("does not compile"), "{text}");
    }
    let output = fixture.run(&["verify", "00-first", "alpha", "beta"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("verify: 2 exercises, 9 answers"), "{text}");
    let output = fixture.run(&["verify", "alpa"]);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.contains("alpha"), "{text}");
    assert_eq!(output.status.code(), Some(2), "{text}");
}
