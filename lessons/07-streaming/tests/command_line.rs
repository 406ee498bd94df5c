//! The binary as a person meets it: the demo, two terminals, Ctrl-C, and what it says when it cannot.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::{Duration, Instant};

fn l07_streaming(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_l07-streaming"));
    command.args(args);
    command
}

fn run(args: &[&str]) -> (Output, String, String) {
    let output = l07_streaming(args).stdin(Stdio::null()).output().unwrap();
    let out = String::from_utf8(output.stdout.clone()).unwrap();
    let err = String::from_utf8(output.stderr.clone()).unwrap();
    (output, out, err)
}

/// A server in a process of its own.
struct Server {
    child: Child,
    addr: String,
    /// What it said before it listened.
    said: Vec<String>,
    /// What it says afterwards.
    out: BufReader<ChildStdout>,
}

impl Server {
    fn start(options: &[&str]) -> Self {
        let mut child = l07_streaming(&[&["server", "--addr", "127.0.0.1:0"], options].concat())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut said = Vec::new();
        let addr = loop {
            let mut line = String::new();
            assert!(out.read_line(&mut line).unwrap() > 0, "it ended: {said:?}");
            let line = line.trim_end().to_string();
            match line.strip_prefix("listening on ") {
                Some(addr) => break addr.to_string(),
                None => said.push(line),
            }
        };
        Server {
            child,
            addr,
            said,
            out,
        }
    }

    fn client(&self, args: &[&str]) -> (Output, String, String) {
        run(&[&["client", "--addr", &self.addr], args].concat())
    }

    /// Waits until it says this.
    fn says(&mut self, words: &str) {
        let mut line = String::new();
        while self.out.read_line(&mut line).unwrap() > 0 {
            if line.contains(words) {
                return;
            }
            line.clear();
        }
        panic!("it ended without saying {words:?}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(unix)]
fn signal(child: &Child, signal: &str) {
    let kill = Command::new("kill")
        .args([signal, &child.id().to_string()])
        .status();
    assert!(kill.unwrap().success());
}

#[test]
fn the_demo_tells_its_story_and_leaves_nothing_behind() {
    let temporary = tempfile::tempdir().unwrap();
    let output = l07_streaming(&[])
        .env("TMPDIR", temporary.path())
        .output()
        .unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{out}\n{err}");
    assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 0);
    for words in [
        "1. One request, four replies",
        "reply 4: hello wire",
        "reply: hello Ada, Grace and Edsger",
        "the server says: tick",
        "the server says: hello three questions",
        "the server says: bye, 3 texts",
        "not read",
        "Repeat: the caller has left",
        "DeadlineExceeded: the deadline of the call is over",
        "health: NOT_SERVING",
        "somebody new: nobody answers at",
        "the end: OK, all 6",
        "the server's process has ended",
        "we cannot trust the server's certificate",
        "Does the server speak TLS",
    ] {
        assert!(out.contains(words), "{words:?} is missing in\n{out}");
    }
    // The first reply is there before the second one is made.
    let at = |words: &str| out.find(words).unwrap();
    assert!(at("reply 1: hello wire") < at("makes 2"));
    let table = out.split("not read").nth(1).unwrap();
    let mut rows = table.lines().filter(|line| line.ends_with("KB"));
    let made = |row: Option<&str>| -> u32 {
        let made = row.unwrap().split_whitespace().nth(1);
        made.unwrap().parse().unwrap()
    };
    let (bounded, unbounded) = (made(rows.next()), made(rows.next()));
    assert!(bounded < 100 && unbounded == 2000, "{bounded}, {unbounded}");
    if cfg!(unix) {
        let server = out.split("That is process ").nth(1).unwrap();
        let server = server.split(',').next().unwrap();
        let there = Command::new("kill")
            .args(["-0", server])
            .stderr(Stdio::null())
            .status();
        assert!(!there.unwrap().success(), "process {server} is still there");
    }
}

#[test]
fn two_terminals_and_all_four_kinds() {
    let server = Server::start(&[]);
    let (output, out, err) = server.client(&["greet", "wire"]);
    assert!(output.status.success(), "{err}");
    assert_eq!(out, "hello wire\n");
    let (output, out, err) =
        server.client(&["repeat", "wire", "--count", "3", "--interval-ms", "10"]);
    assert!(output.status.success(), "{err}");
    let numbers: Vec<_> = out
        .lines()
        .map(|line| line.split(" (").next().unwrap())
        .collect();
    assert_eq!(numbers, ["1 hello wire", "2 hello wire", "3 hello wire"]);
    let (output, out, err) = server.client(&["greet-all", "Ada", "Grace", "你好"]);
    assert!(output.status.success(), "{err}");
    assert_eq!(out, "hello Ada, Grace and 你好\n");

    // A chat whose lines come one after the other, and each is answered before the next.
    let mut chat = l07_streaming(&["client", "chat", "--addr", &server.addr])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut say = chat.stdin.take().unwrap();
    let mut hear = BufReader::new(chat.stdout.take().unwrap());
    let mut next = || {
        let mut line = String::new();
        hear.read_line(&mut line).unwrap();
        line.trim_end().to_string()
    };
    assert_eq!(next(), "welcome");
    for text in ["hello", "你好"] {
        writeln!(say, "{text}").unwrap();
        assert_eq!(next(), format!("hello {text}"));
    }
    drop(say);
    assert_eq!(next(), "bye, 2 texts");
    assert!(chat.wait().unwrap().success());
}

#[test]
fn a_failed_call_is_said_with_its_code() {
    let server = Server::start(&["--token", "sesame"]);
    let friend = ["--token", "sesame"];
    let (output, _, err) = server.client(&["greet", "wire"]);
    assert!(!output.status.success());
    assert!(err.contains("the call failed: Unauthenticated: "), "{err}");
    let (output, _, err) = server.client(&[&["greet", ""], &friend[..]].concat());
    assert!(!output.status.success());
    assert!(err.contains("InvalidArgument: the name is empty"), "{err}");
    let slow = [
        "repeat",
        "wire",
        "--count",
        "100",
        "--interval-ms",
        "100",
        "--deadline-ms",
        "500",
    ];
    let (output, out, err) = server.client(&[&slow[..], &friend].concat());
    assert!(!output.status.success());
    assert!(err.contains("DeadlineExceeded: "), "{err}");
    // What came before counts.
    assert!(out.starts_with("1 hello wire"), "{out}");
}

#[test]
fn tls_from_the_first_line_to_the_last() {
    let mut server = Server::start(&["--tls"]);
    let authority = server.said[0]
        .strip_prefix("callers trust ")
        .unwrap()
        .to_string();
    let (output, out, err) = server.client(&["greet", "wire", "--ca", &authority]);
    assert!(output.status.success(), "{err}");
    assert_eq!(out, "hello wire\n");
    let (output, _, err) = server.client(&["greet", "wire"]);
    assert!(!output.status.success());
    assert!(err.contains("Does the server speak TLS"), "{err}");
    let folder = tempfile::tempdir().unwrap();
    let other = Server::start(&["--certs", folder.path().to_str().unwrap()]);
    let (output, _, err) = other.client(&["greet", "wire", "--ca", &authority]);
    assert!(!output.status.success());
    assert!(err.contains("signed by somebody we do not know"), "{err}");
    let (output, _, err) = server.client(&["greet", "wire", "--ca", "/nowhere/ca.pem"]);
    assert!(!output.status.success());
    assert!(err.contains("/nowhere/ca.pem: no certificate"), "{err}");
    // The folder nobody asked for is gone when the server is.
    #[cfg(unix)]
    {
        signal(&server.child, "-TERM");
        assert!(server.child.wait().unwrap().success());
        assert!(!std::path::Path::new(&authority).exists());
    }
    let plain = Server::start(&[]);
    let ours = folder.path().join("ca.pem");
    let (output, _, err) = plain.client(&["greet", "wire", "--ca", ours.to_str().unwrap()]);
    assert!(!output.status.success());
    assert!(err.contains("the server does not speak TLS"), "{err}");
}

#[cfg(unix)]
#[test]
fn ctrl_c_in_the_client_cancels_the_call() {
    let mut server = Server::start(&["--narrate"]);
    let mut client = l07_streaming(&["client", "--addr", &server.addr])
        .args([
            "repeat",
            "wire",
            "--count",
            "1000000",
            "--interval-ms",
            "20",
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(client.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    assert!(line.starts_with("1 hello wire"), "{line}");
    signal(&client, "-INT");
    server.says("Repeat: the caller has left");
    assert!(client.wait().unwrap().success());
    let mut err = String::new();
    client
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut err)
        .unwrap();
    assert_eq!(err, "cancelled\n");
}

#[cfg(unix)]
#[test]
fn signals_end_the_server_after_what_is_under_way() {
    for name in ["-INT", "-TERM"] {
        let mut server = Server::start(&[]);
        let mut client = l07_streaming(&["client", "--addr", &server.addr])
            .args(["repeat", "wire", "--count", "8", "--interval-ms", "100"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(client.stdout.take().unwrap());
        let mut first = String::new();
        out.read_line(&mut first).unwrap();
        signal(&server.child, name);
        let mut rest = String::new();
        out.read_to_string(&mut rest).unwrap();
        assert_eq!(rest.lines().count(), 7, "{rest}");
        assert!(client.wait().unwrap().success());
        assert!(server.child.wait().unwrap().success(), "{name}");
    }
}

#[cfg(unix)]
#[test]
fn the_grace_is_bounded() {
    let mut server = Server::start(&["--grace-ms", "300"]);
    let mut client = l07_streaming(&["client", "--addr", &server.addr])
        .args([
            "repeat",
            "wire",
            "--count",
            "1000000",
            "--interval-ms",
            "50",
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(client.stdout.take().unwrap());
    let mut first = String::new();
    out.read_line(&mut first).unwrap();
    let since = Instant::now();
    signal(&server.child, "-TERM");
    assert!(server.child.wait().unwrap().success());
    assert!(since.elapsed() < Duration::from_secs(10));
    drop(out);
    let output = client.wait_with_output().unwrap();
    assert!(!output.status.success());
}

#[test]
fn a_taken_port_is_a_clear_error() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    let (output, out, err) = run(&["server", "--addr", &addr]);
    assert!(!output.status.success());
    assert_eq!(out, "");
    assert!(
        err.contains(&format!("cannot listen on {addr}: another program")),
        "{err}"
    );
}

#[test]
fn nobody_there_is_a_clear_error() {
    // Port 1 has been out of use for decades, and no test is given it as a free one.
    let (output, _, err) = run(&["client", "--addr", "127.0.0.1:1", "greet", "wire"]);
    assert!(!output.status.success());
    assert!(
        err.contains("nobody answers at 127.0.0.1:1. Is the server running?"),
        "{err}"
    );
}

#[test]
fn help_helps_and_mistakes_point_to_it() {
    let (output, out, _) = run(&["--help"]);
    assert!(output.status.success());
    assert!(out.lines().all(|line| line.chars().count() <= 100), "{out}");
    for words in [
        "-- server",
        "-- client chat",
        "-- measure",
        "--tls",
        "--ca FILE",
        "--token",
    ] {
        assert!(out.contains(words), "{words:?} is missing in\n{out}");
    }
    for (args, words) in [
        (&["sever"][..], "there is no `sever`; `--help`"),
        (&["client"], "which call?"),
        (&["client", "greet"], "whom to greet?"),
        (&["client", "shout", "wire"], "there is no call `shout`"),
        (
            &["server", "--addr", "8800"],
            "an address looks like 127.0.0.1:8800",
        ),
        (&["server", "now"], "one word too many"),
        (&["server", "--nonsense"], "there is no option `--nonsense`"),
        (&["server", "--streams", "many"], "many"),
        (&["server", "--ahead", "0"], "from 1 to 1000000"),
    ] {
        let (output, _, err) = run(args);
        assert!(!output.status.success());
        assert!(err.contains(words), "{args:?}: {err}");
    }
}
