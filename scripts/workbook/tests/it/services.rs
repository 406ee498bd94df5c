//! `services` in a course whose program for it is a stand-in; the real one has tests of its own.
#![cfg(unix)]

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::support::{AssertHas, Fixture, Run, processes_with};

/// Says how it was called. `wait` waits for a signal.
const STAND_IN: &str = r#"
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    println!("called with {arguments:?}");
    println!("state in {:?}", std::env::var("WORKBOOK_SERVICES_STATE"));
    println!("in {:?}", std::env::current_dir());
    if arguments.first().is_some_and(|first| first == "wait") {
        println!("process {}", std::process::id());
        std::thread::sleep(std::time::Duration::from_secs(600));
    }
    std::process::exit(if arguments.len() > 1 { 3 } else { 0 });
}
"#;

fn fixture(program: &str) -> Fixture {
    let fixture = Fixture::new();
    fixture.put("scripts/services/src/main.rs", program);
    fixture
}

#[test]
fn the_program_is_built_and_takes_over() {
    let fixture = fixture(STAND_IN);
    let output = fixture.run(&["services", "up", "consul", "--port", "9000"]);
    let out = output.out;
    let err = output.err;
    assert_eq!(output.code, Some(3), "its exit code is ours: {out}{err}");
    let words = "called with [\"up\", \"consul\", \"--port\", \"9000\"]\nstate in Ok(\"";
    assert!(
        out.starts_with(words),
        "only what it says, nothing of cargo: {out}"
    );
    let state = fixture.path("target/services").canonicalize();
    let state = state.unwrap_or_else(|_| fixture.path("target/services"));
    out.assert_has(&[&format!("{:?}", state.display().to_string())]);
    err.assert_has(&["Compiling services"]);

    // In a folder below, and with a folder for the state that somebody has named.
    let output = fixture
        .workbook(&["services", "status"])
        .current_dir(fixture.path("lessons"))
        .env("WORKBOOK_SERVICES_STATE", "/elsewhere")
        .said();
    let out = output.out;
    assert_eq!(output.code, Some(0), "{out}");
    out.assert_has(&["state in Ok(\"/elsewhere\")"]);
    assert!(
        out.contains("/lessons\")"),
        "it is where the person is: {out}"
    );
}

#[test]
fn a_signal_reaches_it_and_nobody_else() {
    let fixture = fixture(STAND_IN);
    let mut child = fixture
        .workbook(&["services", "wait"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let own = format!("process {}", child.id());
    // The runner has become the program: whoever waits for the one waits for the other.
    assert!(lines.map_while(Result::ok).any(|line| line == own));
    rustix::process::kill_process(
        rustix::process::Pid::from_child(&child),
        rustix::process::Signal::TERM,
    )
    .unwrap();
    assert!(!child.wait().unwrap().success());
    let program = fixture.path("target/debug/services");
    assert!(processes_with(&program.display().to_string()).is_empty());
}

#[test]
fn a_program_that_does_not_compile_is_told_from_one_that_fails() {
    let fixture = fixture("fn main() { missing(); }\n");
    let output = fixture.run(&["services", "status"]);
    let err = output.err;
    assert_eq!(output.code, Some(2), "{err}");
    err.assert_has(&[
        "cannot find function `missing`",
        "The program for servers did not compile",
    ]);
}
