//! The binary as a person meets it: the demo, two terminals, and what it says when it cannot.

use std::net::TcpListener;
use std::process::Command;

use testkit::program::{self, Server, is_gone};

fn l04(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_l04-typed-rpc"));
    command.args(args);
    command
}

fn run(args: &[&str]) -> (bool, String, String) {
    program::run(l04(args))
}

#[test]
fn the_demo_tells_its_story_and_leaves_nothing_behind() {
    let (good, out, err) = run(&[]);
    assert!(good, "{out}\n{err}");
    for words in [
        "call   hello.HelloWorld     04 77 69 72 65",
        "0 frames seen  [\"Ada hello world\", \"你好 hello world\"]",
        "4 frames seen  [\"Ada hello world\", \"你好 hello world\"]",
        "near  Err(Method(\"there is no panda 0\"))",
        "far   Err(Method(\"there is no panda 0\"))",
        "compiled, ran, failed: there is no method `hello.HelloWord`",
        "compiled, ran, failed: `Panda.GetInfo` cannot read its argument",
        "reply  value                aa 01 6e",
        "the client has: 110 cm, 170 kg, and no error",
        "the call that waited   Err(Wire(Lost(",
        "`welcome`, from now on Err(Wire(Lost(",
        "`welcome`, near        Ok([\"wire hello world\"])",
    ] {
        assert!(out.contains(words), "{words:?} is missing in\n{out}");
    }
    is_gone(&out, "That is process ");
}

#[test]
fn two_terminals_and_one() {
    let server = Server::start(l04(&["server", "--addr", "127.0.0.1:0"]));
    let addr = server.addr.to_string();
    let greetings = "Ada hello world\n你好 hello world\n";
    let far = run(&["client", "--addr", &addr, "Ada", "你好"]);
    assert_eq!(far, (true, greetings.to_string(), String::new()));
    let near = run(&["client", "--near", "Ada", "你好"]);
    assert_eq!(near, far);
}

#[test]
fn errors_say_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = free.local_addr().unwrap().to_string();
    drop(free);
    for (args, words) in [
        (
            &["server", "--addr", &addr][..],
            "another program listens there already",
        ),
        (
            &["client", "--addr", &nobody, "Ada"],
            "Is the server running? `cargo run -p l04-typed-rpc -- server`",
        ),
        (&["client"], "Give a name"),
        (
            &["server", "--addr", "here"],
            "an address looks like 127.0.0.1:8080",
        ),
        (&["sing"], "there is no `sing`"),
        (&["measure", "twice"], "one word too many"),
    ] {
        let (good, _, err) = run(args);
        assert!(!good && err.contains(words), "{args:?}: {err}");
    }
    let (good, out, _) = run(&["--help"]);
    assert!(good && out.contains("cargo run -p l04-typed-rpc -- server"));
}
