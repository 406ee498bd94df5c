//! The binary as a person meets it: the demo, two terminals, Ctrl-C, and what it says when it cannot.

use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::Duration;

use testkit::program::{self, PATIENCE, Program, Server, is_gone};

fn l07_streaming(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_l07-streaming"));
    command.args(args);
    command
}

fn run(args: &[&str]) -> (bool, String, String) {
    program::run(l07_streaming(args))
}

fn serve(options: &[&str]) -> Server {
    Server::start(l07_streaming(&["server", "--addr", "127.0.0.1:0"]).args(options))
}

fn client(server: &Server, args: &[&str]) -> (bool, String, String) {
    run(&[&["client", "--addr", &server.addr.to_string()], args].concat())
}

/// A caller of a stream that has so many replies, and so long between them. Its first one has come.
#[cfg(unix)]
fn repeat(server: &Server, count: &str, interval_ms: &str, errors: Stdio) -> Program {
    let mut command = l07_streaming(&["client", "--addr", &server.addr.to_string()]);
    command
        .args(["repeat", "wire", "--count", count])
        .args(["--interval-ms", interval_ms])
        .stderr(errors);
    let client = Program::start(command);
    client.says("1 hello wire");
    client
}

#[test]
fn the_demo_plays_all_scenes_and_leaves_no_file() {
    let temporary = tempfile::tempdir().unwrap();
    let (good, out, err) = program::run(l07_streaming(&[]).env("TMPDIR", temporary.path()));
    assert!(good, "{out}\n{err}");
    assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 0);
    for words in [
        "1. One request, four replies",
        "reply 4: hello wire",
        "reply: hello Ada, Grace and Edsger",
        "from the server: tick",
        "from the server: hello three questions",
        "from the server: bye, 3 texts",
        "not read",
        "Repeat: cancelled",
        "DeadlineExceeded: the deadline of the call is over",
        "health: NOT_SERVING",
        "a new client: no server listens at",
        "the end: OK, all 6",
        "the server's process has ended",
    ] {
        assert!(out.contains(words), "{words:?} is missing in\n{out}");
    }
    // The first reply is there before the second one is made.
    let at = |words: &str| out.find(words).unwrap();
    assert!(at("reply 1: hello wire") < at("produces 2"));
    let table = out.split("not read").nth(1).unwrap();
    let mut rows = table.lines().filter(|line| line.ends_with("KB"));
    let made = |row: Option<&str>| -> u32 {
        let made = row.unwrap().split_whitespace().nth(1);
        made.unwrap().parse().unwrap()
    };
    let (bounded, unbounded) = (made(rows.next()), made(rows.next()));
    assert!(bounded < 100 && unbounded == 2000, "{bounded}, {unbounded}");
    is_gone(&out, "That is process ");
}

#[test]
fn two_terminals_and_all_four_kinds() {
    let server = serve(&[]);
    let (good, out, err) = client(&server, &["greet", "wire"]);
    assert!(good, "{err}");
    assert_eq!(out, "hello wire\n");
    let (good, out, err) = client(
        &server,
        &["repeat", "wire", "--count", "3", "--interval-ms", "10"],
    );
    assert!(good, "{err}");
    let numbers: Vec<_> = out
        .lines()
        .map(|line| line.split(" (").next().unwrap())
        .collect();
    assert_eq!(numbers, ["1 hello wire", "2 hello wire", "3 hello wire"]);
    let (good, out, err) = client(&server, &["greet-all", "Ada", "Grace", "你好"]);
    assert!(good, "{err}");
    assert_eq!(out, "hello Ada, Grace and 你好\n");

    // A chat whose lines come one after the other, and each is answered before the next.
    let addr = server.addr.to_string();
    let mut chat = Program::start(l07_streaming(&["client", "chat", "--addr", &addr]));
    assert_eq!(chat.line().as_deref(), Some("welcome"));
    for text in ["hello", "你好"] {
        chat.tell(text);
        assert_eq!(chat.line(), Some(format!("hello {text}")));
    }
    chat.finish();
    assert_eq!(chat.line().as_deref(), Some("bye, 2 texts"));
    assert!(chat.ends(PATIENCE).success());
}

#[test]
fn a_failed_call_is_said_with_its_code() {
    let server = serve(&["--token", "sesame"]);
    let friend = ["--token", "sesame"];
    let (good, _, err) = client(&server, &["greet", "wire"]);
    assert!(!good);
    assert!(err.contains("the call failed: Unauthenticated: "), "{err}");
    let (good, _, err) = client(&server, &[&["greet", ""], &friend[..]].concat());
    assert!(!good);
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
    let (good, out, err) = client(&server, &[&slow[..], &friend].concat());
    assert!(!good);
    assert!(err.contains("DeadlineExceeded: "), "{err}");
    // What came before counts.
    assert!(out.starts_with("1 hello wire"), "{out}");
}

#[cfg(unix)]
#[test]
fn ctrl_c_in_the_client_cancels_the_call() {
    let server = serve(&["--narrate"]);
    let mut client = repeat(&server, "1000000", "20", Stdio::piped());
    client.signal("INT");
    server.program.says("Repeat: cancelled");
    assert!(client.ends(PATIENCE).success());
    assert_eq!(client.errors(), "cancelled\n");
}

#[cfg(unix)]
#[test]
fn signals_end_the_server_after_what_is_under_way() {
    for name in ["INT", "TERM"] {
        let mut server = serve(&[]);
        let mut client = repeat(&server, "8", "100", Stdio::inherit());
        server.program.signal(name);
        let rest = client.rest();
        assert_eq!(rest.len(), 7, "{rest:?}");
        assert!(client.ends(PATIENCE).success());
        assert!(server.program.ends(PATIENCE).success(), "{name}");
    }
}

#[cfg(unix)]
#[test]
fn the_grace_is_bounded() {
    let mut server = serve(&["--grace-ms", "300"]);
    let mut client = repeat(&server, "1000000", "50", Stdio::null());
    server.program.signal("TERM");
    assert!(server.program.ends(Duration::from_secs(10)).success());
    assert!(!client.ends(PATIENCE).success());
}

#[test]
fn a_taken_port_is_a_clear_error() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    let (good, out, err) = run(&["server", "--addr", &addr]);
    assert!(!good);
    assert_eq!(out, "");
    assert!(
        err.contains(&format!("cannot listen on {addr}: another program")),
        "{err}"
    );
}

#[test]
fn a_refused_connection_is_a_clear_error() {
    // Port 1 has been out of use for decades, and no test is given it as a free one.
    let (good, _, err) = run(&["client", "--addr", "127.0.0.1:1", "greet", "wire"]);
    assert!(!good);
    assert!(
        err.contains("no server listens at 127.0.0.1:1. Is the server running?"),
        "{err}"
    );
}

#[test]
fn help_helps_and_mistakes_point_to_it() {
    let (good, out, _) = run(&["--help"]);
    assert!(good);
    assert!(out.lines().all(|line| line.chars().count() <= 100), "{out}");
    for words in ["-- server", "-- client chat", "-- measure", "--token"] {
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
        let (good, _, err) = run(args);
        assert!(!good);
        assert!(err.contains(words), "{args:?}: {err}");
    }
}
