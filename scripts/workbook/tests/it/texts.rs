//! A learner's text is sacred: reset, undo, passes and the record survive kills, a full disk, a
//! read-only folder, two runners at once, damage, and exercises that come and go.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::support::{AssertHas, Fixture, Run};

const RIGHT: &str = "pub fn double(n: u32) -> u32 {\n    n * 2\n}\n";

/// Every text that is kept for `alpha`, and the one in its place.
fn texts(root: &Path) -> HashSet<String> {
    let mut found = HashSet::new();
    for entry in fs::read_dir(root.join(".workbook/kept/alpha"))
        .into_iter()
        .flatten()
        .flatten()
    {
        found.insert(fs::read_to_string(entry.path()).unwrap());
    }
    let answer = root.join("lessons/00-first/exercises/alpha/exercise.rs");
    found.insert(fs::read_to_string(answer).expect("exercise.rs is always there"));
    found
}

fn log(fixture: &Fixture) -> Vec<String> {
    let text = fs::read_to_string(fixture.path(".workbook/attempts.jsonl")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn reset_keeps_the_text_and_undo_brings_it_back() {
    let fixture = Fixture::new();
    let stub = fixture.text("alpha");
    fixture.write("alpha", "my first text");
    let says = fixture.says(&["reset", "alpha"]);
    says.assert_has(&["Your text is in .workbook/kept/alpha/0001.rs"]);
    assert_eq!(fixture.text("alpha"), stub);
    fixture.write("alpha", "my second text");
    let said = fixture.says(&["undo", "alpha"]);
    said.assert_has(&["Your text is back"]);
    assert_eq!(fixture.text("alpha"), "my first text");
    // What the undo replaced is not lost either.
    assert!(texts(fixture.root()).contains("my second text"));
    let said = fixture.says(&["undo", "alpha"]);
    said.assert_has(&["No reset of alpha is waiting"]);
}

#[test]
fn several_resets_are_undone_newest_first() {
    let fixture = Fixture::new();
    for text in ["one", "two", "three"] {
        fixture.write("alpha", text);
        fixture.run(&["reset", "alpha"]);
    }
    for text in ["three", "two", "one"] {
        fixture.run(&["undo", "alpha"]);
        assert_eq!(fixture.text("alpha"), text);
    }
}

#[test]
fn a_deleted_answer_comes_back_by_reset_and_by_undo() {
    let fixture = Fixture::new();
    fixture.write("alpha", "my text");
    fixture.run(&["reset", "alpha"]);
    fs::remove_file(fixture.answer("alpha")).unwrap();
    let err = fixture.run(&["check", "alpha"]).err;
    err.assert_has(&["alpha/exercise.rs was missing; the stub is there again"]);
    fixture.run(&["undo", "alpha"]);
    assert_eq!(fixture.text("alpha"), "my text");
    fs::remove_file(fixture.answer("alpha")).unwrap();
    assert!(fixture.run(&["reset", "alpha"]).code == Some(0));
    let stub = fixture.answer("alpha").with_file_name("stub.rs");
    assert_eq!(
        fs::read(fixture.answer("alpha")).unwrap(),
        fs::read(stub).unwrap()
    );
}

#[test]
fn kills_at_random_moments_lose_nothing() {
    let fixture = Fixture::new();
    let mut written = HashSet::new();
    // A fixed sequence of delays around the time that a reset takes, so that a failure repeats.
    let mut random: u64 = 7;
    for round in 0..60 {
        let text = format!("text of round {round}");
        // What the learner types over is the learner's own doing.
        written.remove(&fixture.text("alpha"));
        fixture.write("alpha", &text);
        written.insert(text);
        let command = if round % 3 == 2 { "undo" } else { "reset" };
        let mut child = fixture
            .workbook(&[command, "alpha"])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        std::thread::sleep(Duration::from_micros((random >> 33) % 9_000));
        child.kill().unwrap();
        child.wait().unwrap();
        let there = texts(fixture.root());
        let lost: Vec<&String> = written.difference(&there).collect();
        assert!(lost.is_empty(), "round {round} lost {lost:?}");
    }
    for line in log(&fixture) {
        serde_json::from_str::<serde_json::Value>(&line).expect("no damaged record");
    }
}

#[test]
fn two_runners_at_once_write_whole_lines() {
    let fixture = Fixture::new();
    let children: Vec<_> = (0..24)
        .map(|n| {
            let command = ["hint", "reset", "undo"][n % 3];
            fixture
                .workbook(&[command, "alpha"])
                .stdout(Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    for mut child in children {
        child.wait().unwrap();
    }
    let lines = log(&fixture);
    assert!(!lines.is_empty());
    for line in lines {
        serde_json::from_str::<serde_json::Value>(&line).expect("a whole line");
    }
}

#[test]
fn damaged_lines_are_skipped_reported_and_left_alone() {
    let fixture = Fixture::new();
    fixture.write("alpha", RIGHT);
    fixture.run(&["check", "alpha"]);
    let path = fixture.path(".workbook/attempts.jsonl");
    let mut bytes = fs::read(&path).unwrap();
    bytes.extend_from_slice(b"not json\n\xff\xfe\n{\"v\":9,\"kind\":\"attempt\",\"at\":1,\"id\":\"alpha\"}\n{\"v\":1,\"ki");
    fs::write(&path, &bytes).unwrap();
    fixture.run(&["hint", "beta"]);
    let after = fs::read(&path).unwrap();
    assert!(after.starts_with(&bytes), "the damage was overwritten");
    let output = fixture.run(&["list", "--plain"]);
    let (out, err) = (output.out, output.err);
    out.assert_has(&["passed  0.1   alpha", "1 of 2 exercises passed"]);
    err.assert_has(&[
        "attempts.jsonl line 2 was skipped",
        "line 4 was skipped: written by a newer workbook (version 9)",
        "and 1 lines more",
    ]);
    // The line after the torn one is whole: the hint was recorded.
    assert!(String::from_utf8_lossy(&after).ends_with("\n"));
    fixture.says(&["hint", "beta"]).assert_has(&["Hint 2 of 2"]);
}

#[test]
fn an_exercise_that_is_gone_or_renamed_keeps_its_record() {
    let fixture = Fixture::new();
    fixture.write("alpha", RIGHT);
    fixture.run(&["check", "alpha"]);
    let old = fixture.path("lessons/00-first/exercises/alpha");
    fs::rename(&old, fixture.path("lessons/00-first/exercises/omega")).unwrap();
    for file in [
        "lessons/00-first/lesson.toml",
        "lessons/00-first/Cargo.toml",
    ] {
        let text = fixture.read(file);
        fixture.put(file, text.replace("alpha", "omega"));
    }
    let said = fixture.says(&["list", "--plain"]);
    said.assert_has(&["tried   0.1   omega"]);
    assert!(fixture.path(".workbook/passed/alpha.rs").exists());
    let gone = fixture.run(&["check", "alpha"]);
    gone.err
        .assert_has(&["there is no exercise or lesson `alpha`"]);
    // The whole folder gone: the others still work.
    fs::remove_dir_all(fixture.path("lessons/00-first")).unwrap();
    assert!(
        fixture
            .says(&["check", "beta"])
            .starts_with("· 1.1 beta   not started")
    );
}

#[test]
fn a_record_that_cannot_be_written_does_not_take_the_verdict_away() {
    let fixture = Fixture::new();
    fixture.put(".workbook", "a file where a folder should be");
    fixture.write("alpha", RIGHT);
    let output = fixture.run(&["check", "alpha"]);
    assert!(output.code == Some(0));
    assert!(output.out.starts_with("✓ 0.1 alpha"));
    output.err.assert_has(&["this is not in your record"]);
}

/// The runner as somebody without rights. As root, that is the user 65534 (nobody); it must be able
/// to reach the program, so it gets a copy beside the course.
fn unprivileged(fixture: &Fixture, arguments: &[&str]) -> Command {
    let binary = fixture.path("workbook-copy");
    if !binary.exists() {
        fs::copy(env!("CARGO_BIN_EXE_workbook"), &binary).unwrap();
    }
    let mut command = Command::new(binary);
    command.args(arguments).current_dir(fixture.root());
    if rustix::process::geteuid().is_root() {
        command.uid(65534).gid(65534);
    }
    command
}

/// Gives or takes the right to write in the folders between the course and the answer.
fn writable(fixture: &Fixture, yes: bool) {
    let mode = if yes { 0o777 } else { 0o555 };
    for dir in [
        "",
        "lessons/00-first/exercises/alpha",
        ".workbook",
        ".workbook/kept",
    ] {
        let path = fixture.path(dir);
        if path.exists() {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        }
    }
}

#[test]
fn a_read_only_folder_is_a_clear_error_and_loses_nothing() {
    let fixture = Fixture::new();
    fixture.write("alpha", "my text");
    // Make the copy of the program before the folder is closed.
    let _ = unprivileged(&fixture, &[]);
    writable(&fixture, false);
    for command in ["reset", "undo"] {
        let output = unprivileged(&fixture, &[command, "alpha"]).said();
        let err = output.err;
        assert_eq!(output.code, Some(2), "{command}: {err}");
        assert!(err.contains("was left as it is"), "{command}: {err}");
        assert!(err.contains("Permission denied"), "{command}: {err}");
    }
    let out = unprivileged(&fixture, &["hint", "alpha"]).said().out;
    out.assert_has(&["Hint 1 of 2", "cannot be written"]);
    assert!(unprivileged(&fixture, &["list"]).said().code == Some(0));
    assert_eq!(fixture.text("alpha"), "my text");

    // .workbook can be written, the exercise's folder cannot: nothing may be half done.
    writable(&fixture, true);
    fs::create_dir_all(fixture.path(".workbook/kept")).unwrap();
    writable(&fixture, true);
    let alpha = fixture.path("lessons/00-first/exercises/alpha");
    fs::set_permissions(&alpha, fs::Permissions::from_mode(0o555)).unwrap();
    let output = unprivileged(&fixture, &["reset", "alpha"]).said();
    assert_eq!(output.code, Some(2));
    assert_eq!(fixture.text("alpha"), "my text");
    writable(&fixture, true);
}

#[test]
fn a_full_disk_is_a_clear_error_and_loses_nothing() {
    // A small file system of its own, in a mount namespace of its own (a user namespace as well
    // where the tests do not run as root), filled to the last byte.
    let fixture = Fixture::new();
    let script = r#"
        set -e
        mkdir disk && mount -t tmpfs -o size=256k tmpfs disk
        cp -r Cargo.toml lessons book disk/ && cd disk
        printf 'my text' > lessons/00-first/exercises/alpha/exercise.rs
        if [ "$WHEN" = later ]; then "$RUNNER" hint alpha >/dev/null; fi
        cat /dev/zero > filler 2>/dev/null || true
        set +e
        "$RUNNER" reset alpha; echo "exit $?"
        cat lessons/00-first/exercises/alpha/exercise.rs; echo
        "$RUNNER" hint alpha
        rm filler
        "$RUNNER" reset alpha; echo "exit $?"
        "$RUNNER" undo alpha
        cat lessons/00-first/exercises/alpha/exercise.rs; echo
    "#;
    for when in ["first", "later"] {
        let mut unshare = Command::new("unshare");
        if rustix::process::geteuid().is_root() {
            unshare.arg("--mount");
        } else {
            unshare.args(["--user", "--map-root-user", "--mount"]);
        }
        let _ = fs::remove_dir_all(fixture.path("disk"));
        let said = unshare
            .args(["sh", "-c", script])
            .current_dir(fixture.root())
            .env("RUNNER", env!("CARGO_BIN_EXE_workbook"))
            .env("WHEN", when)
            .said();
        let all = format!("{when}: {}", said.all());
        all.assert_has(&["No space left on device", "exit 0\n"]);
        assert!(said.out.starts_with("exit 2\nmy text\n"), "{all}");
        // A record that has begun may still have room in its last block.
        assert!(
            when == "later" || all.contains("cannot be written"),
            "{all}"
        );
        let end = "Your text is back in lessons/00-first/exercises/alpha/exercise.rs.\nmy text\n";
        assert!(said.out.ends_with(end), "{all}");
    }
}

#[test]
fn a_link_to_the_answer_stays_a_link() {
    let fixture = Fixture::new();
    let elsewhere = fixture.path("elsewhere.rs");
    fs::write(&elsewhere, "my linked text").unwrap();
    fs::remove_file(fixture.answer("alpha")).unwrap();
    std::os::unix::fs::symlink(&elsewhere, fixture.answer("alpha")).unwrap();
    fixture.run(&["reset", "alpha"]);
    assert!(
        fixture
            .answer("alpha")
            .symlink_metadata()
            .unwrap()
            .is_symlink()
    );
    assert!(texts(fixture.root()).contains("my linked text"));
    fixture.run(&["undo", "alpha"]);
    assert_eq!(fs::read_to_string(elsewhere).unwrap(), "my linked text");
}

#[test]
fn hints_come_one_by_one_and_the_solution_after_a_pass() {
    let fixture = Fixture::new();
    let first = fixture.says(&["hint", "alpha"]);
    assert_eq!(first, "  Hint 1 of 2: Look at the sign.\n");
    let said = fixture.says(&["hint", "alpha"]);
    said.assert_has(&["Hint 2 of 2"]);
    let said = fixture.says(&["hint", "alpha"]);
    said.assert_has(&["That was the last hint"]);
    let closed = fixture.run(&["solution", "alpha"]);
    assert_eq!(closed.code, Some(1));
    closed.out.assert_has(&["has not passed yet"]);
    let said = fixture.says(&["solution", "alpha", "--reveal"]);
    said.assert_has(&["n * 2"]);
    fixture.write("alpha", RIGHT);
    fixture.run(&["check", "alpha"]);
    fixture.says(&["solution", "alpha"]).assert_has(&["n * 2"]);
    let last: serde_json::Value = serde_json::from_str(log(&fixture).last().unwrap()).unwrap();
    assert_eq!(
        (last["hints"].as_u64(), last["revealed"].as_bool()),
        (Some(2), Some(true))
    );
    assert_eq!(last["hash"].as_str().map(str::len), Some(64));
}
