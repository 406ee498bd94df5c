//! What the compiler refuses, and what it says. The words are pinned beside each program and shown
//! in the chapter. They are the compiler's own and change with it, so they are compared under one
//! version only; under any other one the programs must still fail, and this test says so.

use std::env;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::Command;

/// The compiler whose words are pinned.
const PINNED: &str = "1.95.";

/// Tells the second run of this test where the programs are.
const PROGRAMS: &str = "L04_REFUSED";

#[test]
fn wrong_shapes_do_not_compile() {
    if let Ok(programs) = env::var(PROGRAMS) {
        return trybuild::TestCases::new().compile_fail(programs);
    }
    let version = version();
    if version.starts_with(PINNED) {
        return trybuild::TestCases::new().compile_fail("tests/refused/*.rs");
    }
    // Straight to the terminal: the test harness would keep a `println!` of a good test to itself.
    let note =
        format!("rustc {version}: that they fail is tested, the words of {PINNED}x are not\n");
    let _ = io::stderr().write_all(note.as_bytes());
    // `overwrite` takes whatever the compiler says for right, and still insists that it fails. It
    // writes the words beside the programs, so it gets copies of them. The variable is read by
    // trybuild in its own process: hence this one once more.
    let copies = Path::new(env!("CARGO_TARGET_TMPDIR")).join("refused");
    let _ = fs::remove_dir_all(&copies);
    fs::create_dir_all(&copies).unwrap();
    for program in fs::read_dir("tests/refused").unwrap() {
        let path = program.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "rs") {
            fs::copy(&path, copies.join(path.file_name().unwrap())).unwrap();
        }
    }
    let again = Command::new(env::current_exe().unwrap())
        .args(["wrong_shapes_do_not_compile", "--exact"])
        .env(PROGRAMS, copies.join("*.rs"))
        .env("TRYBUILD", "overwrite")
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&again.stderr);
    assert!(again.status.success(), "one of them compiles:\n{told}");
}

/// `1.95.0` of the compiler that builds the programs.
fn version() -> String {
    let rustc = env::var("RUSTC").unwrap_or_else(|_| "rustc".to_string());
    let output = Command::new(rustc).arg("--version").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.split(' ').nth(1).unwrap_or_default().to_string()
}
