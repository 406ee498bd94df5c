//! The command line: the demo, two terminals, and its error messages.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use testkit::program::{Binary, is_gone};

use crate::support::Ours;

const L03: Binary = Binary(env!("CARGO_BIN_EXE_l03-json-rpc"));

#[test]
fn the_demo_shows_its_scenes_and_leaves_no_process() {
    let out = L03.tells(
        &[],
        &[
            "1. The greeting call",
            r#"{"jsonrpc":"2.0","result":"wire hello world","id":1}\n"#,
            "HTTP/1.1 200 OK",
            r#"{"id":1,"result":"wire hello world","error":null}\n"#,
            r#"{"id":2,"result":200,"error":null}\n"#,
            r#"{"id":3,"result":"}你 hello world","error":null}\n"#,
            r#""error":"GetInfo wants a number from 0 on, not -1"}"#,
            "no reply for 150 ms",
            r#""code":-32700,"message":"Parse error""#,
        ],
    );
    is_gone(&out, "That is process ");
}

#[test]
fn two_terminals_in_both_dialects() {
    let server = Ours::start(&[]);
    let (lines, go) = (server.addr.to_string(), server.go.to_string());
    for client in [&["--addr", &lines][..], &["--go", "--addr", &go]] {
        let (good, out, err) = L03.run(&[&["client", "wire", "100", "你好"], client].concat());
        assert!(good, "{err}");
        assert_eq!(out, "wire hello world\n200\n你好 hello world\n");

        // A number that the service refuses: the call after it works.
        let (good, out, err) = L03.run(&[&["client"], client, &["--", "-5", "wire"]].concat());
        assert!(!good);
        assert_eq!(out, "wire hello world\n");
        assert!(
            err.contains("GetInfo wants a number from 0 on, not -5"),
            "{err}"
        );
    }
}

#[test]
fn the_wrong_dialect_fails_at_once() {
    let server = Ours::start(&[]);
    let go = server.go.to_string();
    let since = Instant::now();
    let (good, _, err) = L03.run(&["client", "--addr", &go, "wire"]);
    assert!(!good);
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
        let (good, out, err) = L03.run(&args);
        assert!(!good);
        assert_eq!(out, "");
        assert!(
            err.contains(&format!("cannot listen on {addr}: another program")),
            "{err}"
        );
        assert!(err.contains(&format!("for example {option} ")), "{err}");
    }
}

#[test]
fn no_server_is_a_clear_error() {
    // Port 1 has been out of use for decades, and no test is given it as a free one.
    let args = ["client", "--addr", "127.0.0.1:1", "wire"];
    L03.refuses(&args, "no server answers at");
}

#[test]
fn help_helps_and_mistakes_point_to_it() {
    L03.tells(
        &["--help"],
        &[
            "-- server",
            "-- client",
            "-- measure",
            "--http-addr",
            "--go-addr",
            "--go ",
        ],
    );
    L03.refuses(&["sever"], "there is no `sever`; `--help`");
    L03.refuses(&["client"], "Give a name");
    let example = "an address looks like 127.0.0.1:8080";
    L03.refuses(&["server", "--addr", "8080"], example);
    L03.refuses(&["server", "now"], "one word too many");
}

#[cfg(unix)]
#[test]
fn signals_end_the_server_at_once_and_cleanly() {
    for signal in ["INT", "TERM"] {
        let mut program = Ours::start(&[]).program;
        program.signal(signal);
        assert!(program.ends(Duration::from_secs(5)).success(), "{signal}");
    }
}
