//! The binary as a person meets it: the demo, two terminals, and what it says when it cannot.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::time::Duration;

use testkit::program::{self, Server, is_gone};

fn l01_tcp(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_l01-tcp"));
    command.args(args);
    command
}

fn run(args: &[&str]) -> (bool, String, String) {
    program::run(l01_tcp(args))
}

fn serve(more: &[&str]) -> Server {
    Server::start(l01_tcp(&["server", "--addr", "127.0.0.1:0"]).args(more))
}

#[test]
fn the_demo_tells_its_story_and_leaves_nothing_behind() {
    let (good, out, err) = run(&[]);
    assert!(good, "{out}\n{err}");
    for words in [
        "1. The greeting call",
        "server reads 5 bytes  \"wire\\n\"",
        "client reads 17 bytes  \"wire hello world\\n\"",
        "server reads 2 bytes  \"wi\"",
        "server reads 10 bytes  \"Ada\\nGrace\\n\"",
        "server reads 0 bytes: the client has finished",
        "server refuses: the line took too long",
        "server refuses: the line is too long",
        "server refuses: too many clients, try again later",
        "And who dials now",
        "9. The same call",
    ] {
        assert!(out.contains(words), "{words:?} is missing in\n{out}");
    }
    is_gone(&out, "That is process ");
}

#[test]
fn two_terminals_in_both_versions() {
    for kind in [&[][..], &["--tokio"]] {
        let server = serve(kind);
        let addr = server.addr.to_string();
        for client in [&[][..], &["--tokio"]] {
            let args = [&["client", "--addr", &addr, "Ada", "Grace"], client].concat();
            let (_, out, err) = run(&args);
            assert_eq!(
                (out.as_str(), err.as_str()),
                ("Ada hello world\nGrace hello world\n", "")
            );
        }
    }
}

#[test]
fn a_taken_port_is_a_clear_error() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    for kind in [&[][..], &["--tokio"]] {
        let (good, out, err) = run(&[&["server", "--addr", &addr], kind].concat());
        assert!(!good);
        assert_eq!(out, "");
        assert_eq!(
            err,
            format!(
                "l01-tcp: cannot listen on {addr}: another program listens there already. Stop it, \
                 or choose another port, for example --addr 127.0.0.1:8081\n"
            )
        );
    }
}

#[test]
fn nobody_there_is_a_clear_error() {
    // Port 1 has been out of use for decades, and no test is given it as a free one.
    let addr = "127.0.0.1:1";
    for kind in [&[][..], &["--tokio"]] {
        let (good, _, err) = run(&[&["client", "--addr", addr, "Ada"], kind].concat());
        assert!(!good);
        assert!(err.contains("nobody answers at"), "{err}");
        assert!(err.contains("Is the server running?"), "{err}");
    }
}

#[test]
fn help_helps_and_mistakes_point_to_it() {
    let (good, out, _) = run(&["--help"]);
    assert!(good);
    for words in [
        "-- server",
        "-- client",
        "-- measure",
        "--addr",
        "--tokio",
        "--time-ms",
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
        let (good, _, err) = run(args);
        assert!(!good);
        assert!(err.contains(words), "{args:?}: {err}");
    }
}

#[cfg(unix)]
#[test]
fn signals_end_the_server_at_once_and_cleanly() {
    for kind in [&[][..], &["--tokio"]] {
        for signal in ["INT", "TERM"] {
            let mut server = serve(kind);
            // A client in the middle of a line must not delay the end.
            let mut client = TcpStream::connect(server.addr).unwrap();
            client.write_all(b"half a na").unwrap();

            server.program.signal(signal);
            let status = server.program.ends(Duration::from_secs(5));
            assert!(status.success(), "{kind:?} {signal}: {status}");
            assert_eq!(server.program.rest(), [""; 0]);
        }
    }
}
