//! The commands as a person meets them: help, mistyped names, a machine that lacks things.

use std::fs;
use std::path::Path;

use crate::support::{AssertHas, Fixture, Run};
use workbook::commands::COMMANDS;

#[test]
fn every_command_has_help_with_a_usage_and_an_example() {
    let fixture = Fixture::new();
    let overview = fixture.says(&["--help"]);
    for command in COMMANDS {
        overview.assert_has(&[&format!("  {:<11} ", command.name)]);
        let help = fixture.says(&[command.name, "--help"]);
        assert!(help.contains("Usage: cargo "), "{}: {help}", command.name);
        assert!(help.contains("Example"), "{}: {help}", command.name);
        assert!(
            help.lines().all(|line| line.chars().count() <= 100),
            "{}",
            command.name
        );
    }
}

#[test]
fn a_mistyped_name_is_answered_with_the_nearest() {
    let fixture = Fixture::new();
    let err = |arguments: &[&str]| {
        let output = fixture.run(arguments);
        assert_eq!(output.code, Some(2), "{arguments:?}");
        output.err
    };
    err(&["check", "alhpa"]).assert_has(&["did you mean `alpha`?"]);
    err(&["hint", "zzzzzz"]).assert_has(&["`cargo workbook list` shows all"]);
    err(&["chekc"]).assert_has(&["there is no command `chekc`"]);
    err(&["check", "--fast"]).assert_has(&["--fast"]);
    err(&["reset"]).assert_has(&["which exercise?"]);
    err(&["check", "alpha", "--answer", "../../etc"]).assert_has(&["--answer takes"]);
}

#[test]
fn numbers_and_lessons_are_understood() {
    let fixture = Fixture::new();
    assert!(fixture.says(&["check", "0.1"]).starts_with("· 0.1 alpha"));
    assert!(
        fixture
            .says(&["check", "01-second"])
            .starts_with("· 1.1 beta")
    );
    assert!(
        fixture
            .says(&["check", "1", "--answer", "solution"])
            .starts_with("✓ 1.1 beta")
    );
    // Without a name it is the first open one.
    assert!(fixture.says(&["check"]).starts_with("· 0.1 alpha"));
}

#[test]
fn another_answer_is_judged_without_touching_the_learners_own() {
    let fixture = Fixture::new();
    fixture.write("alpha", "my half-written text");
    let says = fixture.says(&["check", "alpha", "--answer", "solution"]);
    assert!(says.starts_with("✓ 0.1 alpha"), "{says}");
    assert_eq!(fixture.text("alpha"), "my half-written text");
    assert!(!fixture.path(".workbook/passed/alpha.rs").exists());
    let said = fixture.says(&["list", "--plain"]);
    said.assert_has(&["0 of 2 exercises passed"]);
}

#[test]
fn the_list_shows_state_and_minutes() {
    let fixture = Fixture::new();
    // The untouched stub is no attempt.
    fixture.run(&["check", "alpha"]);
    let said = fixture.says(&["list", "--plain"]);
    said.assert_has(&["open    0.1   alpha"]);
    fixture.write("alpha", "pub fn double(n: u32) -> u32 {\n    n * 3\n}\n");
    fixture.run(&["check", "alpha"]);
    assert_eq!(
        fixture.says(&["list"]),
        "\
00-first The first lesson  10 min
  · 0.1   alpha             5 min  Twice as much
01-second The second lesson  20 min
    1.1   beta              8 min  Answer a client

0 of 2 exercises passed
"
    );
    let json = fixture.says(&["list", "--json"]);
    let first: serde_json::Value = serde_json::from_str(json.lines().next().unwrap()).unwrap();
    assert_eq!(
        (first["id"].as_str(), first["state"].as_str()),
        (Some("alpha"), Some("tried"))
    );
}

#[test]
fn outside_a_workbook_the_error_says_where_to_go() {
    let elsewhere = tempfile::tempdir().unwrap();
    let fixture = Fixture::new();
    let err = fixture
        .workbook(&["list"])
        .current_dir(elsewhere.path())
        .said()
        .err;
    err.assert_has(&["no workbook found", "lessons/ and book/"]);
}

#[test]
fn a_folder_below_the_course_and_no_git_will_do() {
    let fixture = Fixture::new();
    assert!(!fixture.path(".git").exists());
    let below = fixture.path("lessons/00-first/exercises/alpha");
    let output = fixture.workbook(&["list"]).current_dir(below).said();
    assert!(output.code == Some(0));
}

#[test]
fn doctor_names_what_is_missing_and_the_command_that_mends_it() {
    let fixture = Fixture::new();
    let empty = tempfile::tempdir().unwrap();
    let output = fixture
        .workbook(&["doctor", "--plain"])
        .env("PATH", empty.path())
        .env_remove("BROWSER")
        .env_remove("CHROME_BIN")
        .said();
    let out = output.out;
    assert_eq!(output.code, Some(1), "{out}");
    out.assert_has(&[
        "missing Rust           not installed\n    Advice: rustup update stable",
        "missing C compiler     not installed\n    Advice: install build-essential",
        "ok      file watching  a saved file is heard",
        "missing browser        xdg-open is not installed",
    ]);

    let old = empty.path().join("rustc");
    fs::write(&old, "#!/bin/sh\necho 'rustc 1.70.0 (abc 2023-06-01)'\n").unwrap();
    fs::write(empty.path().join("apt-get"), "").unwrap();
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&old, executable).unwrap();
    let out = fixture
        .workbook(&["doctor", "--plain"])
        .env("PATH", empty.path())
        .said()
        .out;
    out.assert_has(&[
        "this workbook needs 1.90 or newer",
        "sudo apt-get update && sudo apt-get install -y build-essential",
    ]);
}

#[test]
fn doctor_tells_a_taken_port() {
    let fixture = Fixture::new();
    // Somebody else may hold it already; then it is taken as well.
    let _held = std::net::TcpListener::bind("127.0.0.1:8080");
    let out = fixture.says(&["doctor", "--plain"]);
    out.assert_has(&["missing port 8080      taken", "--addr 127.0.0.1:8082"]);
}

/// The page for a tutor program names commands and files that exist, and each member of a verdict.
#[test]
fn the_page_for_a_tutor_program_is_true() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = fs::read_to_string(root.join("AGENTS.md")).unwrap();
    for (before, word) in page.split("cargo workbook ").skip(1).map(|rest| {
        let word: String = rest.chars().take_while(char::is_ascii_lowercase).collect();
        (rest, word)
    }) {
        assert!(
            COMMANDS.iter().any(|command| command.name == word),
            "{before}"
        );
    }
    let fixture = Fixture::new();
    let line = fixture.says(&["check", "alpha", "--json"]);
    let line: serde_json::Value = serde_json::from_str(&line).unwrap();
    let table = page.split("how a tutor uses it |").nth(1).unwrap();
    let table = table.split("\n\n").next().unwrap();
    let rows = table.lines().filter(|row| row.starts_with("| `"));
    let members: Vec<&str> = rows
        .flat_map(|row| row.split('|').nth(1).unwrap().split(','))
        .map(|member| member.trim().trim_matches('`'))
        .collect();
    assert!(members.len() >= 8, "{members:?}");
    for member in members {
        assert!(line.get(member).is_some(), "{member} is not in {line}");
    }
    for file in [
        "CONTRIBUTING.md",
        "book/src/glossary.md",
        "lessons/01-tcp/exercises/frames/stub.rs",
    ] {
        assert!(root.join(file).is_file(), "{file}");
    }
}
