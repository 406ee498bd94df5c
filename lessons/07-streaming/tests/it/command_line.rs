//! The command line: the demo, two terminals, Ctrl-C, and its error messages.

use std::process::Stdio;
use std::time::Duration;

use testkit::program::{Binary, PATIENCE, Program, Server, has_all, is_gone, output, typed};

const L07: Binary = Binary(env!("CARGO_BIN_EXE_l07-streaming"));

/// What a call of the client says, which must go well.
fn called(server: &Server, line: &str) -> String {
    let line = format!("client --addr {} {line}", server.addr);
    L07.tells(&typed(&line), &[])
}

/// A caller of a stream that has so many replies, and so long between them. Its first one has come.
#[cfg(unix)]
fn repeat(server: &Server, count: &str, interval_ms: &str, errors: Stdio) -> Program {
    let line = format!("client repeat wire --count {count} --interval-ms {interval_ms}");
    let mut command = L07.command(&typed(&line));
    command.args(["--addr", &server.addr.to_string()]);
    let client = Program::start(command.stderr(errors));
    client.says("1 hello wire");
    client
}

#[test]
fn the_demo_plays_all_scenes_and_leaves_no_file() {
    let temporary = tempfile::tempdir().unwrap();
    let mut demo = L07.command(&[]);
    let out = output(demo.env("TMPDIR", temporary.path()));
    assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 0);
    has_all(
        &out,
        &[
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
        ],
    );
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
    let server = L07.server(&[]);
    assert_eq!(called(&server, "greet wire"), "hello wire\n");
    let out = called(&server, "repeat wire --count 3 --interval-ms 10");
    let numbers: Vec<_> = out
        .lines()
        .map(|line| line.split(" (").next().unwrap())
        .collect();
    assert_eq!(numbers, ["1 hello wire", "2 hello wire", "3 hello wire"]);
    let out = called(&server, "greet-all Ada Grace 你好");
    assert_eq!(out, "hello Ada, Grace and 你好\n");

    // A chat whose lines come one after the other, and each is answered before the next.
    let addr = server.addr.to_string();
    let mut chat = Program::start(L07.command(&["client", "chat", "--addr", &addr]));
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
    let server = L07.server(&["--token", "sesame"]);
    let client = format!("client --addr {}", server.addr);
    let friend = format!("{client} --token sesame");
    L07.refuses(
        &typed(&format!("{client} greet wire")),
        "the call failed: Unauthenticated: ",
    );
    let unnamed = [&typed(&friend)[..], &["greet", ""]].concat();
    L07.refuses(&unnamed, "InvalidArgument: the name is empty");
    let slow = format!("{friend} repeat wire --count 100 --interval-ms 100 --deadline-ms 500");
    let (good, out, err) = L07.run(&typed(&slow));
    assert!(!good);
    assert!(err.contains("DeadlineExceeded: "), "{err}");
    // What came before counts.
    assert!(out.starts_with("1 hello wire"), "{out}");
}

#[cfg(unix)]
#[test]
fn ctrl_c_in_the_client_cancels_the_call() {
    let server = L07.server(&["--narrate"]);
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
        let mut server = L07.server(&[]);
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
    let mut server = L07.server(&["--grace-ms", "300"]);
    let mut client = repeat(&server, "1000000", "50", Stdio::null());
    server.program.signal("TERM");
    assert!(server.program.ends(Duration::from_secs(10)).success());
    assert!(!client.ends(PATIENCE).success());
}

#[test]
fn a_taken_port_is_a_clear_error() {
    L07.refuses_a_taken_port("l07-streaming", 8801, &[]);
}

#[test]
fn a_refused_connection_is_a_clear_error() {
    // Port 1 has been out of use for decades, and no test is given it as a free one.
    let words = "no server listens at 127.0.0.1:1. Is the server running?";
    L07.refuses(&typed("client --addr 127.0.0.1:1 greet wire"), words);
}

#[test]
fn help_helps_and_mistakes_point_to_it() {
    L07.helps(&["-- server", "-- client chat", "-- measure", "--token"]);
    L07.refuses_each(&[
        ("sever", "there is no `sever`; `--help`"),
        ("client", "which call?"),
        ("client greet", "whom to greet?"),
        ("client shout wire", "there is no call `shout`"),
        ("server --addr 8800", "an address looks like 127.0.0.1:8800"),
        ("server now", "one word too many"),
        ("server --nonsense", "there is no option `--nonsense`"),
        ("server --streams many", "many"),
        ("server --ahead 0", "from 1 to 1000000"),
    ]);
}
