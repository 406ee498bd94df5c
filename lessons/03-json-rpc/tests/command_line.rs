//! The binary as a person meets it: the demo, two terminals, and what it says when it cannot.

mod support;

use std::net::TcpListener;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use support::Server;

fn l03_json_rpc(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_l03-json-rpc"));
    command.args(args);
    command
}

fn run(args: &[&str]) -> (Output, String, String) {
    let output = l03_json_rpc(args).output().unwrap();
    let out = String::from_utf8(output.stdout.clone()).unwrap();
    let err = String::from_utf8(output.stderr.clone()).unwrap();
    (output, out, err)
}

#[test]
fn the_demo_tells_its_story_and_leaves_nothing_behind() {
    let (output, out, err) = run(&[]);
    assert!(output.status.success(), "{out}\n{err}");
    for words in [
        "1. The greeting call",
        r#"{"jsonrpc":"2.0","result":"wire hello world","id":1}\n"#,
        "HTTP/1.1 200 OK",
        r#"{"id":1,"result":"wire hello world","error":null}\n"#,
        r#"{"id":2,"result":200,"error":null}\n"#,
        r#"{"id":3,"result":"}你 hello world","error":null}\n"#,
        r#""error":"GetInfo wants a number from 0 on, not -1"}"#,
        "silence for 150 ms",
        r#""code":-32700,"message":"Parse error""#,
    ] {
        assert!(out.contains(words), "{words:?} is missing in\n{out}");
    }
    if cfg!(unix) {
        let server = out.split("That is process ").nth(1).unwrap();
        let server = server.split('.').next().unwrap();
        let there = Command::new("kill")
            .args(["-0", server])
            .stderr(Stdio::null())
            .status();
        assert!(!there.unwrap().success(), "process {server} is still there");
    }
}

#[test]
fn two_terminals_in_both_dialects() {
    let server = Server::ours(&[]);
    let (lines, go) = (server.addr.to_string(), server.go.unwrap().to_string());
    for client in [&["--addr", &lines][..], &["--go", "--addr", &go]] {
        let (output, out, err) = run(&[&["client", "wire", "100", "你好"], client].concat());
        assert!(output.status.success(), "{err}");
        assert_eq!(out, "wire hello world\n200\n你好 hello world\n");

        // A number that the service refuses: the call after it works.
        let (output, out, err) = run(&[&["client"], client, &["--", "-5", "wire"]].concat());
        assert!(!output.status.success());
        assert_eq!(out, "wire hello world\n");
        assert!(
            err.contains("GetInfo wants a number from 0 on, not -5"),
            "{err}"
        );
    }
}

#[test]
fn the_wrong_dialect_fails_at_once() {
    let server = Server::ours(&[]);
    let go = server.go.unwrap().to_string();
    let since = Instant::now();
    let (output, _, err) = run(&["client", "--addr", &go, "wire"]);
    assert!(!output.status.success());
    assert!(
        err.contains("the connection was lost before the reply came"),
        "{err}"
    );
    assert!(since.elapsed() < Duration::from_secs(3));
}

#[test]
fn a_taken_port_is_a_clear_error() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    let free = "127.0.0.1:0";
    for option in ["--addr", "--http-addr", "--go-addr"] {
        let mut args = vec!["server"];
        for other in ["--addr", "--http-addr", "--go-addr"] {
            args.extend([other, if other == option { &addr } else { free }]);
        }
        let (output, out, err) = run(&args);
        assert!(!output.status.success());
        assert_eq!(out, "");
        assert!(
            err.contains(&format!("cannot listen on {addr}: another program")),
            "{err}"
        );
        assert!(err.contains(&format!("for example {option} ")), "{err}");
    }
}

#[test]
fn nobody_there_is_a_clear_error() {
    // Port 1 has been out of use for decades, and no test is given it as a free one.
    let (output, _, err) = run(&["client", "--addr", "127.0.0.1:1", "wire"]);
    assert!(!output.status.success());
    assert!(err.contains("nobody answers at"), "{err}");
}

#[test]
fn help_helps_and_mistakes_point_to_it() {
    let (output, out, _) = run(&["--help"]);
    assert!(output.status.success());
    for words in [
        "-- server",
        "-- client",
        "-- measure",
        "--http-addr",
        "--go-addr",
        "--go ",
    ] {
        assert!(out.contains(words), "{words:?} is missing in\n{out}");
    }
    for (args, words) in [
        (&["sever"][..], "there is no `sever`; `--help`"),
        (&["client"], "Give a name"),
        (
            &["server", "--addr", "8080"],
            "an address looks like 127.0.0.1:8080",
        ),
        (&["server", "now"], "one word too many"),
    ] {
        let (output, _, err) = run(args);
        assert!(!output.status.success());
        assert!(err.contains(words), "{args:?}: {err}");
    }
}

#[cfg(unix)]
#[test]
fn signals_end_the_server_at_once_and_cleanly() {
    for signal in ["-INT", "-TERM"] {
        let free = "127.0.0.1:0";
        let mut child = l03_json_rpc(&[
            "server",
            "--addr",
            free,
            "--http-addr",
            free,
            "--go-addr",
            free,
        ])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
        let out = std::io::BufReader::new(child.stdout.take().unwrap());
        let last = std::io::BufRead::lines(out).nth(2).unwrap().unwrap();
        assert!(last.starts_with("listening on "), "{last}");
        let since = Instant::now();
        let kill = Command::new("kill")
            .args([signal, &child.id().to_string()])
            .status();
        assert!(kill.unwrap().success());
        assert!(child.wait().unwrap().success(), "{signal}");
        assert!(
            since.elapsed() < Duration::from_secs(2),
            "{signal}: took too long"
        );
    }
}
