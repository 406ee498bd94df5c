//! `start`: port and browser, the book that follows its sources, and the end of it all.

use std::fs;
use std::time::{Duration, Instant};

use crate::support::served::{Running, status};
use crate::support::{AssertHas, Fixture, processes_with, until};

#[test]
fn the_book_follows_its_sources_and_a_broken_chapter_changes_nothing() {
    let fixture = Fixture::new();
    let running = Running::new(&fixture);
    let mut events = running.events();
    events.next("state", |_| true);
    let chapter = fixture.path("book/src/00-first.md");
    let good = fs::read_to_string(&chapter).unwrap();

    fs::write(&chapter, format!("{good}\nA new sentence.\n")).unwrap();
    events.next("reload", |_| true);
    let said = running.get("/00-first.html");
    said.assert_has(&["A new sentence."]);

    fs::write(&chapter, format!("{good}\n{{{{#quiz}}}}\n")).unwrap();
    running.says("book/src/00-first.md:");
    let said = running.get("/00-first.html");
    said.assert_has(&["A new sentence."]);

    fs::write(&chapter, format!("{good}\nWhole again.\n")).unwrap();
    events.next("reload", |_| true);
    running.get("/00-first.html").assert_has(&["Whole again."]);
}

#[test]
fn without_any_book_the_page_says_why_and_the_runner_goes_on() {
    let fixture = Fixture::new();
    let chapter = fixture.path("book/src/00-first.md");
    let good = fs::read_to_string(&chapter).unwrap();
    fs::write(&chapter, "{{#exercise <script>}}\n").unwrap();
    let running = Running::new(&fixture);
    let said = running.get("/");
    said.assert_has(&["book/src/00-first.md:1: ", "&lt;script&gt;"]);
    assert_eq!(status(&running.post("/workbook/check/alpha")), 202);
    fs::write(&chapter, good).unwrap();
    running.events().next("reload", |_| true);
    running.get("/").assert_has(&["data-exercise=\"alpha\""]);
}

#[test]
fn a_taken_port_means_the_next_and_a_second_start_builds_nothing() {
    let fixture = Fixture::new();
    let first = Running::new(&fixture);
    assert!(
        first.first.iter().any(|line| line.starts_with("Building")),
        "{:?}",
        first.first
    );
    let taken = first.port.to_string();
    let since = Instant::now();
    let second = Running::with(&fixture, &["start", "--port", &taken, "--no-open"]);
    let took = since.elapsed();
    assert_ne!(second.port, first.port);
    assert!(
        !second.first.iter().any(|line| line.starts_with("Building")),
        "{:?}",
        second.first
    );
    assert!(took < Duration::from_secs(3), "a warm start took {took:?}");
    assert_ne!(first.token, second.token, "each run has its own");
    second.says(&format!("port {taken} is taken"));
}

#[test]
#[cfg(unix)]
fn signals_end_everything_at_once_also_during_a_check() {
    for signal in [rustix::process::Signal::TERM, rustix::process::Signal::INT] {
        let fixture = Fixture::new();
        fixture.write("alpha", &fixture.mistake("alpha", "3_for_ever"));
        let mut running = Running::new(&fixture);
        let root = fixture.root().to_str().unwrap().to_owned();
        let check = format!("{root}/target/debug/deps/alpha");
        running.post("/workbook/check/alpha");
        until("the check runs", Duration::from_secs(60), || {
            !processes_with(&check).is_empty()
        });
        let since = Instant::now();
        running.signal(signal);
        running.child.wait().unwrap();
        assert!(
            since.elapsed() < Duration::from_secs(2),
            "{:?}",
            since.elapsed()
        );
        until("nothing is left", Duration::from_secs(2), || {
            processes_with(&check).is_empty()
        });
    }
}

#[test]
#[cfg(unix)]
fn the_learners_browser_is_opened_and_a_failure_is_told() {
    use std::os::unix::fs::PermissionsExt;
    let fixture = Fixture::new();
    let opened = fixture.path("opened");
    let script = fixture.path("browser");
    let write = |text: &str| {
        fs::write(&script, text).unwrap();
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    };
    let start = || {
        let mut command = fixture.workbook(&["start", "--port", "0"]);
        command.env("BROWSER", &script);
        Running::of(command)
    };
    let good = format!("#!/bin/sh\necho \"$1\" > '{}'\n", opened.display());
    write(&good);
    let running = start();
    let address = format!("http://127.0.0.1:{}/", running.port);
    until("the browser is opened", Duration::from_secs(10), || {
        fs::read_to_string(&opened).is_ok_and(|text| text.trim_end() == address)
    });
    write("#!/bin/sh\nexit 3\n");
    start().says("No browser could be opened");

    write(&good);
    fs::remove_file(&opened).unwrap();
    let mut command = fixture.workbook(&["start", "--port", "0"]);
    command.env("BROWSER", &script).env("CI", "true");
    Running::of(command).says("No browser could be opened");
    assert!(!opened.exists());
}
