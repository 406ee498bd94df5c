//! The program on the command line: the demo, two terminals, and its error messages.

use testkit::program::{Binary, is_gone};

const L02: Binary = Binary(env!("CARGO_BIN_EXE_l02-rpc"));

#[test]
fn the_demo_prints_its_scenes_and_ends_its_server() {
    let out = L02.tells(
        &[],
        &[
            "1. The greeting call",
            "reply  #1 value \"wire hello world\"",
            "00 00 00 18                          the frame of lesson 01: 24 bytes follow",
            "68 65 6c 6c 6f 2e 48 65 6c 6c 6f 57  \"hello.HelloWorld\"",
            "11                                   the value has 17 bytes:",
            "done   #3 value \"wire hello world\"",
            "reply  #1 error: there is no panda 0",
            "reply  #2 error: there is no method `hello.HelloWord`",
            "reply  #3 error: `Panda.GetInfo` cannot read its argument",
            "reply  #4 error: the method panicked",
            "reply  #5 value c8 01",
            "the call timed out; pending calls: 0",
            "HTTP/1.1 200 OK ... hello world!",
            "HTTP/1.1 200 Connected to RPC, and now frames:",
            "closes the connection: the frame is not a request",
            "call 3 failed",
            "a call after that: the connection is lost",
        ],
    );
    // Out of order: the last call is answered first.
    let at = |words: &str| out.find(words).unwrap();
    let scene = &out[at("3. Three calls")..at("4. Four calls")];
    let order: Vec<&str> = scene.lines().filter(|l| l.contains("reply")).collect();
    assert!(
        order[0].contains("#3") && order[2].contains("#1"),
        "{scene}"
    );
    is_gone(&out, "That is process ");
}

#[test]
fn two_terminals_with_and_without_http() {
    for http in [&[][..], &["--http"]] {
        let server = L02.server(http);
        let addr = server.addr.to_string();
        let client = |args: &[&str]| L02.run(&[&["client", "--addr", &addr], http, args].concat());
        for (call, value) in [
            (&["hello.HelloWorld", "wire"][..], "wire hello world\n"),
            (&["Panda.GetInfo", "100"], "200\n"),
            (&["hello.HelloLater", "wire", "10"], "wire hello world\n"),
        ] {
            let (_, out, err) = client(call);
            assert_eq!((out.as_str(), err.as_str()), (value, ""), "{call:?}");
        }
        for (call, words) in [
            (
                &["hello.HelloWord", "wire"][..],
                "there is no method `hello.HelloWord`",
            ),
            (
                &["Panda.GetInfo", "0"],
                "`Panda.GetInfo` failed: there is no panda 0",
            ),
            (&["Panda.Wake", "()"], "the method panicked"),
        ] {
            let (good, _, err) = client(call);
            assert!(!good);
            assert!(err.contains(words), "{call:?}: {err}");
        }
    }
}

#[test]
fn a_taken_port_is_a_clear_error() {
    L02.refuses_a_taken_port("l02-rpc", 8081, &[]);
}

#[test]
fn a_missing_server_is_a_clear_error() {
    // Port 1 has been out of use for decades, and no test is given it as a free one.
    for http in [&[][..], &["--http"]] {
        let args = [&["client", "--addr", "127.0.0.1:1", "a.B", "1"], http].concat();
        let err = L02.refuses(&args, "no server answers at 127.0.0.1:1");
        assert!(err.contains("Is the server running?"), "{err}");
    }
}

#[test]
fn help_helps_and_mistakes_point_to_it() {
    L02.tells(
        &["--help"],
        &[
            "-- server",
            "-- client",
            "-- measure",
            "--addr",
            "--http",
            "--in-flight",
        ],
    );
    L02.refuses(&["sever"], "there is no `sever`; `--help`");
    L02.refuses(&["client"], "which method?");
    let example = "an address looks like 127.0.0.1:8080";
    L02.refuses(&["server", "--addr", "8080"], example);
    L02.refuses(&["server", "now"], "one word too many");
}

#[cfg(unix)]
#[test]
fn signals_end_the_server_at_once_and_cleanly() {
    // A client in the middle of a frame must not delay the end.
    L02.ends_on_signals(&[], &[0, 0, 0, 9, 1]);
}
