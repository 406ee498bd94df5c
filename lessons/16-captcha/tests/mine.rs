//! The feature `mine`: an answer that has passed takes the place of the solution, and the parts say so.
//!
//! The parts of the site are built into a small program of its own, with a course beside it in which
//! something has passed: building the whole site once more would take minutes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const CARGO: &str = r#"
[package]
name = "probe"
version = "0.0.0"
edition = "2024"

[workspace]

[features]
mine = []

[dependencies]
l15-redis = { path = "REPOSITORY/lessons/15-redis" }
redis = { version = "1.8", default-features = false }
tokio = { version = "1", features = ["time"] }
"#;

const BUILD: &str = r#"
#[path = "REPOSITORY/scripts/testkit/build/mine.rs"]
mod mine;

fn main() -> std::io::Result<()> {
    mine::parts(&["15-redis", "16-captcha"])
}
"#;

const MAIN: &str = r#"
#![allow(dead_code, unused_imports)]
mod parts;

use parts::Parts;

fn main() {
    for (part, own) in parts::Ours.whose() {
        println!("{part}: {}", if own { "own" } else { "the solution" });
    }
    let drawn = parts::Drawn {
        id: "abc".to_string(),
        code: "7291".to_string(),
        png: Vec::new(),
    };
    println!("says: {}", parts::Ours.outgoing(&drawn).description);
    println!("reads: {}", parts::decode().is_some());
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

/// What the probe says, built with these options.
fn said(probe: &Path, options: &[&str]) -> String {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["run", "--quiet", "--offline"]).args(options);
    cargo.current_dir(probe);
    cargo.env("CARGO_TARGET_DIR", probe.join("../../target"));
    let output = cargo.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_passed_answer_takes_the_place_of_the_solution() {
    let repository = repository();
    let course = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mine");
    let (lessons, passed) = (course.join("lessons"), course.join(".workbook/passed"));
    // What the last run has left there.
    let _ = fs::remove_dir_all(&passed);
    for exercises in ["15-redis/exercises", "16-captcha/exercises"] {
        copy(
            &repository.join("lessons").join(exercises),
            &lessons.join(exercises),
        );
    }
    let probe = lessons.join("probe");
    let here = repository.display().to_string();
    write(
        &probe.join("Cargo.toml"),
        &CARGO.replace("REPOSITORY", &here),
    );
    write(&probe.join("build.rs"), &BUILD.replace("REPOSITORY", &here));
    write(&probe.join("src/main.rs"), MAIN);
    let src = repository.join("lessons/16-captcha/src");
    copy(&src.join("parts.rs"), &probe.join("src/parts.rs"));
    copy(&src.join("parts"), &probe.join("src/parts"));
    // The versions that are here already.
    fs::copy(repository.join("Cargo.lock"), probe.join("Cargo.lock")).unwrap();

    let ids = [
        "resp",
        "setex",
        "once-only",
        "issue",
        "verify-once",
        "attempts",
        "leak",
        "fail-closed",
    ];
    let solutions: String = ids.map(|id| format!("{id}: the solution\n")).concat();
    // Nothing has passed yet.
    let before = said(&probe, &["--features", "mine"]);
    let expected = format!("{solutions}says: A picture of four digits");
    assert!(before.starts_with(&expected), "{before}");
    assert!(before.ends_with("reads: true\n"), "{before}");

    let solution = lessons.join("16-captcha/exercises/leak/solution.rs");
    let solution = fs::read_to_string(solution).unwrap();
    let own = solution.replace("A picture of four digits", "Four digits, and my own words");
    assert_ne!(own, solution);
    write(&passed.join("leak.rs"), &own);
    let after = said(&probe, &["--features", "mine"]);
    let line = "leak: own\n";
    let expected = solutions.replace("leak: the solution\n", line);
    let expected = format!("{expected}says: Four digits, and my own words");
    assert!(after.starts_with(&expected), "{after}");

    // Without the feature nobody's answer counts.
    let without = said(&probe, &[]);
    let expected = format!("{solutions}says: A picture of four digits");
    assert!(without.starts_with(&expected), "{without}");
    assert!(without.ends_with("reads: false\n"), "{without}");
}
