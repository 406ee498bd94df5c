//! Programs that say something, end, do not end, or hear a signal.
#![cfg(unix)]

use std::process::Command;
use std::time::Duration;

use testkit::program::{PATIENCE, Program, Server, is_gone, output, run};

fn sh(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

#[test]
fn a_program_runs_to_its_end() {
    let said = |out: &str, err: &str| (out.to_string(), err.to_string());
    // More than a pipe holds, on the side that is read last.
    let (good, out, err) = run(sh(
        "head -c 300000 /dev/zero | tr '\\0' x >&2; cat; echo out",
    ));
    assert!(good);
    assert_eq!((out, err), said("out\n", &"x".repeat(300_000)));
    assert_eq!(
        run(sh("echo why >&2; exit 3")),
        (false, String::new(), "why\n".to_string())
    );
    assert_eq!(output(sh("echo good").arg("more")), "good\n");
}

#[test]
#[should_panic(expected = "it failed; it said:\nout\n\nerr")]
fn output_is_that_of_a_good_end() {
    output(sh("echo out; echo err >&2; exit 1"));
}

#[test]
#[should_panic(expected = "\"there is no such program\" does not start")]
fn a_program_that_is_not_there_is_named() {
    run(Command::new("there is no such program"));
}

#[test]
fn a_program_is_told_things_and_answers() {
    let mut program = Program::start(sh("while read -r line; do echo \"1: heard $line!\"; done"));
    program.tell("one");
    program.tell("two");
    assert_eq!(program.says("heard tw"), "o!");
    program.tell("three");
    program.finish();
    assert_eq!(program.rest(), ["1: heard three!"]);
    assert_eq!(program.line(), None);
    assert!(program.ends(PATIENCE).success());
}

#[test]
#[should_panic(expected = "it ended and never said `c`; it said:\na\nb\n")]
fn what_it_said_in_place_of_the_words_is_shown() {
    Program::start(sh("echo a; echo b")).says("c");
}

#[test]
#[should_panic(expected = "it still ran after 50ms")]
fn one_that_does_not_end_is_ended() {
    Program::start(sh("sleep 100")).ends(Duration::from_millis(50));
}

#[test]
fn a_signal_is_heard_and_nothing_is_left() {
    let mut program = Program::start(sh("trap 'echo bye; exit 7' TERM; echo up; read -r line"));
    program.says("up");
    program.signal("TERM");
    assert_eq!(program.rest(), ["bye"]);
    assert_eq!(program.ends(PATIENCE).code(), Some(7));
    let id = program.id();
    is_gone(&format!("this was process {id}, once"), "this was process ");
    let left = Program::start(sh("echo up; read -r line"));
    let id = left.id();
    drop(left);
    is_gone(&id.to_string(), "");
}

#[test]
fn a_server_says_where_it_listens() {
    let server = Server::start(sh(
        "echo first; echo listening on 127.0.0.1:9; echo then; cat",
    ));
    assert_eq!((server.addr.port(), server.said.len()), (9, 1));
    assert_eq!(server.program.line().as_deref(), Some("then"));
}

#[test]
#[should_panic(expected = "it ended before it listened; it said: [\"why not\"]")]
fn a_server_that_does_not_listen_is_no_server() {
    Server::start(sh("echo why not"));
}
