//! The binary as a person meets it: the demo, two terminals, and what it says when it cannot.

use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::{Duration, Instant};

fn l01_tcp(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_l01-tcp"));
    command.args(args);
    command
}

fn run(args: &[&str]) -> (Output, String, String) {
    let output = l01_tcp(args).output().unwrap();
    let out = String::from_utf8(output.stdout.clone()).unwrap();
    let err = String::from_utf8(output.stderr.clone()).unwrap();
    (output, out, err)
}

/// A server in a process of its own, ended with this value.
struct Server {
    child: Child,
    addr: SocketAddr,
    out: BufReader<ChildStdout>,
}

impl Server {
    fn start(more: &[&str]) -> Self {
        let mut command = l01_tcp(&["server", "--addr", "127.0.0.1:0"]);
        let mut child = command.args(more).stdout(Stdio::piped()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        let addr = line
            .trim()
            .strip_prefix("listening on ")
            .expect("a server that listens");
        Server {
            addr: addr.parse().unwrap(),
            child,
            out,
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_demo_tells_its_story_and_leaves_nothing_behind() {
    let (output, out, err) = run(&[]);
    assert!(output.status.success(), "{out}\n{err}");
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
    if cfg!(unix) {
        let server = out
            .split("That is process ")
            .nth(1)
            .unwrap()
            .split(',')
            .next()
            .unwrap();
        let there = Command::new("kill")
            .args(["-0", server])
            .stderr(Stdio::null())
            .status();
        assert!(!there.unwrap().success(), "process {server} is still there");
    }
}

#[test]
fn two_terminals_in_both_versions() {
    for kind in [&[][..], &["--tokio"]] {
        let server = Server::start(kind);
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
        let (output, out, err) = run(&[&["server", "--addr", &addr], kind].concat());
        assert!(!output.status.success());
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
        let (output, _, err) = run(&[&["client", "--addr", addr, "Ada"], kind].concat());
        assert!(!output.status.success());
        assert!(err.contains("nobody answers at"), "{err}");
        assert!(err.contains("Is the server running?"), "{err}");
    }
}

#[test]
fn help_helps_and_mistakes_point_to_it() {
    let (output, out, _) = run(&["--help"]);
    assert!(output.status.success());
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
        let (output, _, err) = run(args);
        assert!(!output.status.success());
        assert!(err.contains(words), "{args:?}: {err}");
    }
}

#[cfg(unix)]
#[test]
fn signals_end_the_server_at_once_and_cleanly() {
    for kind in [&[][..], &["--tokio"]] {
        for signal in ["-INT", "-TERM"] {
            let mut server = Server::start(kind);
            // A client in the middle of a line must not delay the end.
            let mut client = TcpStream::connect(server.addr).unwrap();
            client
                .set_read_timeout(Some(Duration::from_secs(5)))
                .unwrap();
            std::io::Write::write_all(&mut client, b"half a na").unwrap();

            let since = Instant::now();
            let pid = server.child.id().to_string();
            assert!(
                Command::new("kill")
                    .args([signal, &pid])
                    .status()
                    .unwrap()
                    .success()
            );
            let status = server.child.wait().unwrap();
            assert!(status.success(), "{kind:?} {signal}: {status}");
            assert!(
                since.elapsed() < Duration::from_secs(2),
                "{kind:?} {signal}: took too long"
            );
            let mut rest = String::new();
            server.out.read_to_string(&mut rest).unwrap();
            assert_eq!(rest, "");
        }
    }
}
