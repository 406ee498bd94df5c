//! The feature `mine`: an answer that has passed takes the place of this lesson's function, and the program says so.
//!
//! The rules are built into a small program of their own, with a course beside it in which something has passed:
//! building the whole site once more would take minutes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use testkit::without_outer_cargo;

const CARGO: &str = r#"
[package]
name = "mine-probe"
version = "0.0.0"
edition = "2024"

[workspace]

[features]
mine = []

[dependencies]
l15-redis = { path = "REPOSITORY/lessons/15-redis" }
redis = { version = "1.8", default-features = false, features = ["connection-manager", "tokio-comp"] }
thiserror = "2"
tokio = { version = "1", features = ["time"] }
"#;

const BUILD: &str = r#"
#[path = "REPOSITORY/lessons/16-captcha/build/mine.rs"]
mod mine;

fn main() -> std::io::Result<()> {
    mine::write()
}
"#;

const MAIN: &str = r#"
#![allow(dead_code, unused_imports)]
extern crate self as l16_captcha;

#[cfg(feature = "mine")]
mod mine;
mod rules;
mod store {
    pub mod commands;
}

fn main() {
    #[cfg(feature = "mine")]
    {
        for (part, own) in mine::WHOSE {
            println!("{part}: {}", if own { "own" } else { "ours" });
        }
        println!("reads: {}", mine::decode().is_some());
    }
    let drawn = rules::Drawn {
        id: "abc".to_string(),
        code: "7291".to_string(),
        png: Vec::new(),
    };
    println!("says: {}", rules::outgoing(&drawn).description);
}
"#;

fn repository() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    here.canonicalize().unwrap()
}

/// Copies a file or a folder; what is equal stays as it is, so that cargo builds no more than it must.
fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            copy(&entry.path(), &to.join(entry.file_name()));
        }
        return;
    }
    write(to, &fs::read_to_string(from).unwrap());
}

fn write(to: &Path, text: &str) {
    if !fs::read_to_string(to).is_ok_and(|there| there == text) {
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::write(to, text).unwrap();
    }
}

/// What the probe prints, and what cargo says, built with these options.
fn run(probe: &Path, options: &[&str]) -> (String, String) {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["run", "--offline"]).args(options);
    without_outer_cargo(cargo.current_dir(probe));
    // Where all copies of the course are built.
    let target = std::env::var_os("WORKBOOK_TARGET").map_or_else(
        || probe.join("../../target"),
        |target| Path::new(&target).join("workbook/target"),
    );
    cargo.env("CARGO_TARGET_DIR", target);
    let output = cargo.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{errors}");
    (String::from_utf8(output.stdout).unwrap(), errors)
}

#[test]
fn a_passed_answer_takes_the_place_of_our_function() {
    let repository = repository();
    let course = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mine");
    let passed = course.join(".workbook/passed");
    // What the last run has left there.
    let _ = fs::remove_dir_all(&passed);
    let probe = course.join("lessons/probe");
    let here = repository.display().to_string();
    write(
        &probe.join("Cargo.toml"),
        &CARGO.replace("REPOSITORY", &here),
    );
    write(&probe.join("build.rs"), &BUILD.replace("REPOSITORY", &here));
    write(&probe.join("src/main.rs"), MAIN);
    let src = repository.join("lessons/16-captcha/src");
    for part in ["mine.rs", "rules.rs", "rules", "store/commands.rs"] {
        copy(&src.join(part), &probe.join("src").join(part));
    }
    // The versions that are here already.
    fs::copy(repository.join("Cargo.lock"), probe.join("Cargo.lock")).unwrap();

    let ids = [
        "request-array",
        "set-with-expiry",
        "once-only",
        "issue",
        "verify-once",
        "rate-limit",
        "leak",
        "fail-closed",
    ];
    let ours: String = ids.map(|id| format!("{id}: ours\n")).concat();
    let picture = "says: A picture of four digits";
    // Nothing has passed yet.
    let (before, _) = run(&probe, &["--features", "mine"]);
    let expected = format!("{ours}reads: false\n{picture}");
    assert!(before.starts_with(&expected), "{before}");

    let solution = |lesson: &str, id: &str| {
        let file = format!("lessons/{lesson}/exercises/{id}/solution.rs");
        fs::read_to_string(repository.join(file)).unwrap()
    };
    let leak = solution("16-captcha", "leak");
    let own = leak.replace("A picture of four digits", "Four digits, and my own words");
    assert_ne!(own, leak);
    write(&passed.join("leak.rs"), &own);
    write(
        &passed.join("request-array.rs"),
        &solution("15-redis", "request-array"),
    );
    let given = "lessons/15-redis/exercises/request-array/given.rs";
    copy(&repository.join(given), &course.join(given));
    // Passed in the first edition, where the exercise declared the types itself.
    let old =
        "pub struct Unavailable;\npub async fn issue() -> Result<(), Unavailable> { Ok(()) }\n";
    write(&passed.join("issue.rs"), old);
    let (after, told) = run(&probe, &["--features", "mine"]);
    let expected = ours
        .replace("leak: ours\n", "leak: own\n")
        .replace("request-array: ours\n", "request-array: own\n");
    let expected = format!("{expected}reads: true\nsays: Four digits, and my own words");
    assert!(after.starts_with(&expected), "{after}");
    let warning = "your answer of `issue` passed in the first edition";
    assert!(told.contains(warning), "{told}");

    // Without the feature the learner's answers do not count.
    let (without, _) = run(&probe, &[]);
    assert!(without.starts_with(picture), "{without}");
}

/// The function of a rule is the function of its exercise's solution, to the letter: there are not two texts of a
/// rule that could differ.
#[test]
fn a_rule_is_the_solution_of_its_exercise() {
    let lesson = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (id, file, function) in [
        ("issue", "issue", "issue"),
        ("verify-once", "verify", "verify"),
        ("rate-limit", "limit", "allowed"),
        ("leak", "outgoing", "outgoing"),
        ("fail-closed", "decide", "decide"),
    ] {
        let read = |path: String| {
            let text = fs::read_to_string(lesson.join(path)).unwrap();
            let start = (text.find(&format!("pub async fn {function}(")))
                .or(text.find(&format!("pub fn {function}(")))
                .expect("the function");
            let end = text[start..].find("\n}").expect("its end");
            text[start..start + end].to_string()
        };
        assert_eq!(
            read(format!("src/rules/{file}.rs")),
            read(format!("exercises/{id}/solution.rs"))
        );
    }
}
