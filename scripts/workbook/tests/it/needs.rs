//! A lesson that needs OpenSSL, on a machine without it: the words come instead of cargo's.
#![cfg(all(unix, not(target_vendor = "apple")))]

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use crate::support::served::{Running, json};
use crate::support::{AssertHas, Fixture, Run, until};
use workbook::course::Course;

/// The fixture, whose second lesson says what it needs, and a `pkg-config` that answers as `script`
/// does.
fn fixture(script: &str) -> Fixture {
    let fixture = Fixture::new();
    let toml = fixture.path("lessons/01-second/lesson.toml");
    let text = fs::read_to_string(&toml).unwrap();
    let text = text.replace("stops = []", "stops = []\nneeds = [\"openssl\"]");
    fs::write(&toml, text).unwrap();
    let program = fixture.path("pkg-config");
    fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
    fixture
}

fn check(fixture: &Fixture, arguments: &[&str], openssl_dir: &str) -> (Option<i32>, String) {
    let said = fixture
        .workbook(arguments)
        .env("PKG_CONFIG", fixture.path("pkg-config"))
        .env("OPENSSL_DIR", openssl_dir)
        .env_remove("OPENSSL_INCLUDE_DIR")
        .said();
    (said.code, said.all())
}

/// The names in the target directory of the fixture.
fn folders(fixture: &Fixture) -> Vec<OsString> {
    let entries = fs::read_dir(fixture.path("target/debug")).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    names
}

#[test]
fn what_is_missing_is_said_before_cargo_starts() {
    let fixture = fixture("exit 1");
    let before = folders(&fixture);
    for arguments in [
        &["check", "beta"][..],
        &["check", "1"],
        &["check", "beta", "--answer", "solution"],
        &["verify"],
    ] {
        let (code, said) = check(&fixture, arguments, "");
        assert_eq!(code, Some(2), "{said}");
        said.assert_has(&["Lesson 01-second needs OpenSSL to be built", "To get it: "]);
        assert!(!said.contains("Compiling"), "{said}");
    }
    // Cargo would have made folders beside those that the fixture brought along.
    assert_eq!(folders(&fixture), before, "cargo was started");
    // The other lesson is judged as ever.
    let (code, said) = check(&fixture, &["check", "alpha", "--answer", "solution"], "");
    assert_eq!(code, Some(0), "{said}");
    // Nothing is kept: once the package is there, the check is made.
    fixture.put("pkg-config", "#!/bin/sh\necho 3.0.1\n");
    let (code, said) = check(&fixture, &["check", "beta", "--answer", "solution"], "");
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn the_advice_is_the_command_of_this_system() {
    let fixture = fixture("exit 1");
    let tools = tempfile::tempdir().unwrap();
    fs::write(tools.path().join("apt-get"), "").unwrap();
    let said = fixture
        .workbook(&["check", "beta"])
        .env("PATH", tools.path())
        .env_remove("PKG_CONFIG")
        .env_remove("OPENSSL_DIR")
        .env_remove("OPENSSL_INCLUDE_DIR")
        .said()
        .err;
    said.assert_has(&[
        "pkg-config is not installed",
        "sudo apt-get update && sudo apt-get install -y pkg-config libssl-dev",
    ]);
}

#[test]
fn an_openssl_of_ones_own_will_do() {
    let fixture = fixture("exit 1");
    let own = fixture.path("openssl");
    let (code, said) = check(&fixture, &["check", "beta"], own.to_str().unwrap());
    assert_eq!(code, Some(2), "{said}");
    said.assert_has(&["opensslv.h"]);
    fs::create_dir_all(own.join("include/openssl")).unwrap();
    fs::write(own.join("include/openssl/opensslv.h"), "").unwrap();
    let arguments = ["check", "beta", "--answer", "solution"];
    let (code, said) = check(&fixture, &arguments, own.to_str().unwrap());
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn a_page_is_told_as_well() {
    let fixture = fixture("exit 1");
    let pkg_config = fixture.path("pkg-config");
    let mut command = fixture.workbook(&["start", "--port", "0", "--no-open", "--poll"]);
    command
        .env("PKG_CONFIG", pkg_config)
        .env_remove("OPENSSL_DIR")
        .env_remove("OPENSSL_INCLUDE_DIR");
    let running = Running::of(command);
    let mut events = running.events();
    for path in ["/workbook/check/beta", "/workbook/run/01-second"] {
        let job = json(&running.post(path))["job"].clone();
        let done = events.next("done", |done| done["job"] == job);
        assert_eq!(done["ok"], false, "{done}");
        let why = done["why"].as_str().unwrap_or_default();
        assert!(why.contains("Lesson 01-second needs OpenSSL"), "{done}");
    }
    running.post("/workbook/wire/start/01-second");
    until("the capture tells", Duration::from_secs(20), || {
        let state = json(&running.get("/workbook/state"));
        let why = state["wire"]["why"].as_str().unwrap_or_default();
        why.contains("Lesson 01-second needs OpenSSL")
    });
}

#[test]
fn a_need_that_nobody_knows_is_an_error() {
    let fixture = fixture("exit 1");
    let toml = fixture.path("lessons/01-second/lesson.toml");
    let text = fs::read_to_string(&toml).unwrap();
    fs::write(&toml, text.replace("[\"openssl\"]", "[\"gold\"]")).unwrap();
    let said = Course::load(fixture.root()).unwrap_err().to_string();
    said.assert_has(&["gold", "openssl"]);
}
