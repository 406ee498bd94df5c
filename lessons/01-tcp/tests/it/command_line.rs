//! The command line: the demo, two terminals, and its error messages.

use testkit::program::{Binary, is_gone};

const L01: Binary = Binary(env!("CARGO_BIN_EXE_l01-tcp"));

#[test]
fn the_demo_tells_its_story_and_leaves_nothing_behind() {
    let out = L01.tells(
        &[],
        &[
            "1. The greeting call",
            "server reads 5 bytes  \"wire\\n\"",
            "client reads 17 bytes  \"wire hello world\\n\"",
            "server reads 2 bytes  \"wi\"",
            "server reads 10 bytes  \"Ada\\nGrace\\n\"",
            "server reads 0 bytes: the client has finished",
            "server refuses: the line took too long",
            "server refuses: the line is too long",
            "server refuses: too many clients, try again later",
            "A client that connects now",
            "9. The same call",
        ],
    );
    is_gone(&out, "That is process ");
}

#[test]
fn two_terminals_in_both_versions() {
    for kind in [&[][..], &["--tokio"]] {
        let server = L01.server(kind);
        let addr = server.addr.to_string();
        for client in [&[][..], &["--tokio"]] {
            let args = [&["client", "--addr", &addr, "Ada", "Grace"], client].concat();
            let (_, out, err) = L01.run(&args);
            assert_eq!(
                (out.as_str(), err.as_str()),
                ("Ada hello world\nGrace hello world\n", "")
            );
        }
    }
}

#[test]
fn a_taken_port_is_a_clear_error() {
    for kind in [&[][..], &["--tokio"]] {
        L01.refuses_a_taken_port("l01-tcp", 8081, kind);
    }
}

#[test]
fn no_server_is_a_clear_error() {
    // Port 1 has been out of use for decades, and no test is given it as a free one.
    let addr = "127.0.0.1:1";
    for kind in [&[][..], &["--tokio"]] {
        let args = [&["client", "--addr", addr, "Ada"], kind].concat();
        let err = L01.refuses(&args, "no server answers at");
        assert!(err.contains("Is the server running?"), "{err}");
    }
}

#[test]
fn help_helps_and_mistakes_point_to_it() {
    L01.tells(
        &["--help"],
        &[
            "-- server",
            "-- client",
            "-- measure",
            "--addr",
            "--tokio",
            "--time-ms",
        ],
    );
    L01.refuses(&["sever"], "there is no `sever`; `--help`");
    L01.refuses(&["client"], "give a name");
    let example = "an address looks like 127.0.0.1:8080";
    L01.refuses(&["server", "--addr", "8080"], example);
    L01.refuses(&["server", "now"], "one word too many");
}

#[cfg(unix)]
#[test]
fn signals_end_the_server_at_once_and_cleanly() {
    for kind in [&[][..], &["--tokio"]] {
        // A client in the middle of a line must not delay the end.
        L01.ends_on_signals(kind, b"half a na");
    }
}
