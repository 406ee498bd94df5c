//! The judge, as `cargo workbook own verify` runs it.

use std::process::Command;
use std::time::{Duration, Instant};

#[test]
fn references_pass_and_wrong_services_get_the_right_words() {
    let output = Command::new(env!("CARGO_BIN_EXE_own"))
        .arg("verify")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{err}");
    assert!(
        said.lines().filter(|line| line.starts_with("ok")).count() > 30,
        "{said}"
    );
}

/// Processes whose environment has `mark`, from `/proc`.
fn marked(mark: &str) -> usize {
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    all.filter(|entry| {
        std::fs::read(entry.path().join("environ"))
            .is_ok_and(|text| text.windows(mark.len()).any(|part| part == mark.as_bytes()))
    })
    .count()
}

/// A service that ignores SIGTERM, forks away and floods its output is ended all the same, and soon.
#[test]
fn nothing_of_a_service_is_left() {
    let mark = format!("OWN_TEST={}", std::process::id());
    let script = "trap '' TERM; (setsid sh -c 'trap \"\" TERM; sleep 77') & yes flood";
    let started = Instant::now();
    let output = Command::new(env!("CARGO_BIN_EXE_own"))
        .args(["judge", "--stage", "1", "--", "sh", "-c", script])
        .env("OWN_TEST", std::process::id().to_string())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(started.elapsed() < Duration::from_secs(9), "{said}");
    assert!(
        said.contains("no connection to") && said.len() < 3000,
        "{said}"
    );
    assert_eq!(marked(&mark), 0);
}

#[test]
fn what_cannot_start_is_said() {
    let output = Command::new(env!("CARGO_BIN_EXE_own"))
        .args(["judge", "--stage", "1", "--", "/no/such/program"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("could not be started"), "{said}");
}

/// A reference that cannot run is named, and is a failure where all of them have to run.
#[test]
fn a_missing_language_is_a_failure_in_the_tests_of_the_repository() {
    let output = Command::new(env!("CARGO_BIN_EXE_own"))
        .args(["verify", "--stage", "1"])
        .env("GO", "/no/such/go")
        .env("OWN_VERIFY_ALL", "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("NOT TESTED: the reference in Go"), "{said}");
}
