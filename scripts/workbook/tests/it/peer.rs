//! `peer` over a copy of the real course: a real Python and a real Go program call answers that are
//! right, wrong, in a panic and silent.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::support::{AssertHas, Copy, Fixture, Run, mistake, processes_with, repository, until};
use rustix::process::{Pid, Signal, kill_process};

/// `peer` for a lesson, over a copy of the course with nothing passed.
fn peer(copy: &Copy, lesson: &str) -> Command {
    let mut command = copy.workbook(&["peer", lesson]);
    // The copy has no Python with packages; the repository has.
    command.env("PYTHON", python());
    command
}

/// What it prints, and its exit status.
fn run(copy: &Copy, lesson: &str) -> (String, Option<i32>) {
    let said = peer(copy, lesson).said();
    eprintln!("{}", said.err);
    (said.out, said.code)
}

fn text(copy: &Copy, file: &str) -> String {
    fs::read_to_string(copy.root().join("lessons").join(file)).unwrap()
}

/// Keeps `text` as the answer that has passed.
fn pass(copy: &Copy, id: &str, text: &str) {
    let passed = copy.root().join(".workbook/passed");
    fs::create_dir_all(&passed).unwrap();
    fs::write(passed.join(format!("{id}.rs")), text).unwrap();
}

/// Keeps the known mistake `name` as the answer that has passed.
fn pass_mistake(copy: &Copy, id: &str, name: &str) {
    pass(copy, id, &mistake(copy.root(), id, name));
}

/// The Python that scripts/test makes, else the usual one.
fn python() -> PathBuf {
    let own = repository().join("target/tools/python/bin/python");
    if own.is_file() {
        return own;
    }
    std::env::var_os("PYTHON").map_or("python3".into(), PathBuf::from)
}

#[test]
fn python_calls_the_answers_of_lesson_02() {
    let copy = Copy::new();
    // Nothing has passed.
    let (said, code) = run(&copy, "02");
    assert_eq!(code, Some(0), "{said}");
    let beginning = "\
Building the server of 02-rpc:
  dispatch: the solution, because your own has not passed yet
  errors: the solution, because your own has not passed yet
  rpc: this lesson's own server
A real Python program calls it.

A. dispatch: a call is a line of text, and so is its answer
   Python asks   1 hello.HelloWorld wire
   and gets      1 ok wire hello world
   Python asks   2 Panda.GetInfo 100
   and gets      2 ok 200
   Python asks   3 go.micro.clock.Now Rome
   and gets      3 ok noon in Rome
   Now an unknown name. It must fail this call, and not end the connection.
   Python asks   4 hello.Nope wire
   and gets      4 error there is no method `hello.Nope`
   The same connection once more:
   Python asks   5 hello.HelloWorld again
   and gets      5 ok again hello world
   The protocol is lines of text, so Python needs nothing from Rust.

B. errors: a call is three bytes
   Python asks   7 + 1, which is the bytes 2b 07 01
   and gets      00 08: a value, 8
   Python asks   5 - 5, which is the bytes 2d 05 05
   and gets      00 00: a value, 0
   Now a call that fails. The method has failed, not the connection.
   Python asks   7 / 0, which is the bytes 2f 07 00
   and gets      01 10 and 16 bytes of words: division by zero
   The same connection once more:
   Python asks   6 * 7, which is the bytes 2a 06 07
   and gets      00 2a: a value, 42
";
    assert!(said.starts_with(beginning), "{said}");
    said.assert_has(&[
        "  bytes      02 00 02 c8 01\n",
        "structs of the Rust program.\nLesson 03 chooses",
    ]);
    assert!(
        said.ends_with("\nEvery call went as the protocol says.\n"),
        "{said}"
    );

    // An answer of one's own, with words of its own.
    let own = text(&copy, "02-rpc/exercises/dispatch/solution.rs")
        .replace("there is no method", "who is");
    pass(&copy, "dispatch", &own);
    let (said, code) = run(&copy, "2");
    assert_eq!(code, Some(0), "{said}");
    said.assert_has(&[
        "  dispatch: your own answer, .workbook/passed/dispatch.rs\n  errors: the solution",
        "and gets      4 error who is `hello.Nope`",
    ]);

    // The belief of `dispatch`, and a panic in `errors`: both are told, and the rest goes on.
    pass_mistake(&copy, "dispatch", "1_a_wrong_name_is_the_callers_crash");
    let solution = text(&copy, "02-rpc/exercises/errors/solution.rs");
    let panics = solution.replace(
        "Err(text) => error_reply(&text)",
        "Err(text) => panic!(\"{text}\")",
    );
    assert_ne!(panics, solution);
    pass(&copy, "errors", &panics);
    let (said, code) = run(&copy, "02-rpc");
    assert_eq!(code, Some(1), "{said}");
    said.assert_has(&[
        "  errors: your own answer",
        "4 hello.Nope wire\n   WRONG         no answer: the connection was closed\n\nB.",
        "2f 07 00\n   WRONG         no answer: the connection was closed\n\nC.",
        "structs of the Rust program.",
        "Meanwhile, in the server:\n  dispatch: the answer ended the connection: ",
        "  errors: the answer panicked at errors.rs:",
        ": division by zero\nNot every call went as the protocol says",
    ]);

    // An answer that says nothing, and Ctrl-C in the middle: nothing stays behind.
    pass(
        &copy,
        "dispatch",
        &own.replace(
            "for line in BufReader",
            "std::thread::sleep(std::time::Duration::from_secs(600));\n    for line in BufReader",
        ),
    );
    let mut child = peer(&copy, "02").stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("Python asks   1 ")));
    let server = format!("{}/debug/l02-rpc mine", copy.target().display());
    let python = copy.root().join("lessons/02-rpc/interop/python/peer.py");
    let python = python.display().to_string();
    for mark in [&server, &python] {
        assert!(!processes_with(mark).is_empty(), "{mark} does not run");
    }
    let pid = Pid::from_child(&child);
    kill_process(pid, Signal::INT).unwrap();
    assert!(!child.wait().unwrap().success());
    until("server and Python to end", Duration::from_secs(5), || {
        processes_with(&server).is_empty() && processes_with(&python).is_empty()
    });
}

#[test]
fn go_calls_the_answer_of_lesson_03() {
    let copy = Copy::new();
    let (said, code) = run(&copy, "03");
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(
        said,
        r#"Building the server of 03-json-rpc:
  go-dialect: the solution, because your own has not passed yet
A real Go program calls it.

1. Ordinary calls
   Go asks       Text.Shout("wire")
   and gets      "WIRE"
   Go asks       Text.Shout("two words")
   and gets      "TWO WORDS"
2. Calls that fail, and a good one after each on the same connection
   Go asks       Text.Shout("")
   and gets      the error "there is nothing to shout"
   Go asks       Text.Shout("still here")
   and gets      "STILL HERE"
   Go asks       Text.Nope("wire")
   and gets      the error "there is no such method"
   Go asks       Text.Shout("and here")
   and gets      "AND HERE"
3. Many calls on one connection
   Go asks       50 times at once, each call with a text of its own
   and gets      50 replies, each to its own call
4. Texts in other alphabets, and with signs that JSON must escape
   Go asks       Text.Shout("äöü")
   and gets      "ÄÖÜ"
   Go asks       Text.Shout("你好")
   and gets      "你好"
   Go asks       Text.Shout("a}b{\"c\\")
   and gets      "A}B{\"C\\"
   Go asks       Text.Shout("line\nbreak")
   and gets      "LINE\nBREAK"
   Go asks       Text.Shout("crab 🦀")
   and gets      "CRAB 🦀"
Go reads your JSON as if Go had written it.

Every call went as the protocol says.
"#
    );

    // An answer that has passed, and then became wrong: Go says why it cannot use it.
    pass_mistake(&copy, "go-dialect", "5_an_error_is_an_object");
    let (said, code) = run(&copy, "03");
    assert_eq!(code, Some(1), "{said}");
    said.assert_has(&[
        "  go-dialect: your own answer, .workbook/passed/go-dialect.rs\n",
        "Text.Shout(\"\")\n   WRONG         Go cannot read this error: invalid error map[",
        "\nNot every call went as the protocol says: look for the lines with WRONG.\n",
    ]);

    // One that ends the whole program.
    let solution = text(&copy, "03-json-rpc/exercises/go-dialect/solution.rs");
    let ends = solution.replace(
        "_ => Err(\"there is no such method\"),",
        "_ => std::process::exit(3),",
    );
    assert_ne!(ends, solution);
    pass(&copy, "go-dialect", &ends);
    let (said, code) = run(&copy, "03");
    assert_eq!(code, Some(1), "{said}");
    said.assert_has(&[
        "Text.Nope(\"wire\")\n   WRONG         no answer that Go can use: ",
        "The whole server has ended (exit status: 3).",
    ]);
}

/// How often a part of the peer is told to be wrong.
fn wrongs(said: &str) -> usize {
    said.matches("   WRONG  ").count()
}

/// A foreign program calls the solutions, and then the known mistakes: each of them is told, and none ends the others.
fn right_and_wrong(lesson: &str, right: &[&str], mistakes: [(&str, &str); 3], wrong: &[&str]) {
    let copy = Copy::new();
    let (said, code) = run(&copy, lesson);
    assert_eq!(code, Some(0), "{said}");
    said.assert_has(right);
    for (id, name) in mistakes {
        pass_mistake(&copy, id, name);
    }
    let (said, code) = run(&copy, lesson.trim_start_matches('0'));
    assert_eq!(code, Some(1), "{said}");
    assert_eq!(wrongs(&said), 3, "{said}");
    said.assert_has(wrong);
}

#[test]
fn grpcio_calls_the_answers_of_lesson_06() {
    right_and_wrong(
        "06",
        &[
            "Building the server of 06-grpc:\n  status: the solution, because your own has not",
            "  deadline: the solution",
            "  interceptor: the solution",
            "  grpc: this lesson's own server\nA real Python program calls it.\n",
            "SayHello(\"Ada\")\n   and gets      OK: hello Ada, your id is 7\n",
            "SayHello(\"\")\n   and gets      INVALID_ARGUMENT: ",
            "                 and in its details: field name, ",
            "SayHello(\"locked\")\n   and gets      FAILED_PRECONDITION: ",
            "                 and in its details: ask again after 1.5 s\n",
            "with a deadline of 100 ms\n   and gets      DEADLINE_EXCEEDED: ",
            "Nobody/Nothing without a token\n   and gets      UNAUTHENTICATED: ",
            "Health/Check with the token sesame\n   and gets      OK: SERVING\n",
            "with the token names-only\n   and gets      PERMISSION_DENIED: ",
            "hello.v1.HelloService: SayHello, SayName\n",
            "SayHello({20, \"san\"})\n   and gets      OK: 20, sanchi\n",
            "\nEvery call went as the protocol says.\n",
        ],
        [
            ("status", "1_errors_are_text"),
            ("deadline", "1_a_deadline_stops_the_work"),
            ("interceptor", "1_one_guarded_service_guards_all"),
        ],
        &[
            "  status: your own answer, .workbook/passed/status.rs\n",
            "   WRONG         expected INVALID_ARGUMENT\n\nB. ",
            "they worked to the end, for a caller that had left\n\nC. ",
            "   WRONG         expected UNAUTHENTICATED\n\nD. ",
            "and gets      OK: 20, sanchi\n",
            "\nNot every call went as the protocol says: look for the lines with WRONG.\n",
        ],
    );
}

#[test]
fn grpcio_calls_the_answers_of_lesson_07() {
    right_and_wrong(
        "07",
        &[
            "  server-stream: the solution, because your own has not passed yet\n  chat: the sol",
            "  backpressure: the solution",
            "  streams: this lesson's own server\nA real Python program calls it.\n",
            "   and gets      7 hello wire, after ",
            "   ann hears      2 joined\n   ann says       eins\n",
            "   ben finishes   and goes on listening\n   ann says       still there?\n",
            "   ben is told    that it is over: OK\n",
            "   It has them all. When it read on, ",
            "   GreetAll      3 requests, 1 reply: hello ann, ben and cid\n",
            "Meanwhile, in the server:\n  server-stream: the store was dropped after ",
            "\nEvery call went as the protocol says.\n",
        ],
        [
            ("server-stream", "1_a_stream_is_a_list"),
            ("chat", "1_talk_in_turns"),
            ("backpressure", "1_a_channel_has_no_end"),
        ],
        &[
            "  chat: your own answer, .workbook/passed/chat.rs\n",
            "had been made: the page was held back\n\nB. ",
            "   WRONG         all of them: they lay in the server's memory, for a client ",
            "   Chat          2 requests, 4 replies: welcome, hello eins, hello två, bye, 2 texts\n",
            "\nNot every call went as the protocol says: look for the lines with WRONG.\n",
        ],
    );
}

#[test]
fn redis_cli_and_redis_py_call_the_answers_of_lesson_15() {
    right_and_wrong(
        "15",
        &[
            "  request-array: the solution, because your own has not passed yet\n  set-with-expiry: the solution",
            "  once-only: the solution",
            "  store: this lesson's own server\nA real Python program calls it.\n",
            "   redis-py   GET note",
            "   redis-py   a pipeline of 1000 commands: 1000 replies\n",
            "   redis-cli  TTL login:7\n   and gets   '",
            "   redis-py   keys in the store that never die: 0\n",
            "25 tokens, 20 callers for each: each value went to one of them\n",
            "\nEvery call went as the protocol says.\n",
        ],
        [
            ("request-array", "3_a_value_has_no_newline"),
            ("set-with-expiry", "6_time_is_milliseconds"),
            ("once-only", "2_looking_is_taking"),
        ],
        &[
            "  once-only: your own answer, .workbook/passed/once-only.rs\n",
            "   WRONG      the value has changed on its way; expected b'two\\r\\nlines', got b'two'\n\nB. ",
            "   WRONG      300 s were asked for, and it has ",
            "   WRONG      two callers got it, one after the other; ",
            "\nNot every call went as the protocol says: look for the lines with WRONG.\n",
        ],
    );
}

#[test]
fn a_missing_language_is_an_error_with_the_command_that_mends_it() {
    let fixture = Fixture::new();
    let bare = tempfile::tempdir().unwrap();
    fs::write(bare.path().join("apt-get"), "").unwrap();
    let venv = "python3 python3-venv && python3 -m venv target/tools/python && \
                target/tools/python/bin/pip install -r \
                lessons/06-grpc/interop/python/requirements.txt";
    for (lesson, name, package) in [
        ("02", "Python 3", "python3"),
        ("03", "Go", "golang-go"),
        ("06", "Python grpcio", venv),
        ("07", "Python grpcio", venv),
        ("15", "redis-cli", "redis-tools"),
    ] {
        let err = fixture
            .workbook(&["peer", lesson])
            .env("PATH", bare.path())
            .env_remove("PYTHON")
            .env_remove("GO")
            .refused();
        let needed = format!("{name} is needed for this, and is missing here (not installed)");
        let mend = format!("sudo apt-get update && sudo apt-get install -y {package}\n");
        err.assert_has(&[&needed, &mend]);
    }
    let said = fixture.refuses(&["peer", "05"]);
    said.assert_has(&["there is no peer for `05`; there is one for 02, 03, 06, 07 and 15"]);
}
