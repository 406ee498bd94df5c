//! The binary: the demo, two terminals, and its error messages.

use std::net::TcpListener;

use testkit::program::{Binary, is_gone};

const L04: Binary = Binary(env!("CARGO_BIN_EXE_l04-typed-rpc"));

#[test]
fn the_demo_runs_and_leaves_no_process() {
    let out = L04.tells(
        &[],
        &[
            "call   hello.HelloWorld     04 77 69 72 65",
            "0 frames seen  [\"Ada hello world\", \"你好 hello world\"]",
            "4 frames seen  [\"Ada hello world\", \"你好 hello world\"]",
            "local   Err(Method(\"there is no panda 0\"))",
            "remote  Err(Method(\"there is no panda 0\"))",
            "compiled, and failed when it ran: there is no method `hello.HelloWord`",
            "compiled, and failed when it ran: `Panda.GetInfo` cannot read its argument",
            "reply  value                aa 01 6e",
            "the client has: 110 cm, 170 kg, and no error",
            "the call that waited  Err(Wire(Lost(",
            "a later call          Err(Wire(Lost(",
            "a local call          Ok([\"wire hello world\"])",
        ],
    );
    is_gone(&out, "That is process ");
}

#[test]
fn two_terminals_and_one() {
    let server = L04.server(&[]);
    let addr = server.addr.to_string();
    let greetings = "Ada hello world\n你好 hello world\n";
    let remote = L04.run(&["client", "--addr", &addr, "Ada", "你好"]);
    assert_eq!(remote, (true, greetings.to_string(), String::new()));
    let local = L04.run(&["client", "--local", "Ada", "你好"]);
    assert_eq!(local, remote);
}

#[test]
fn errors_say_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let unused = free.local_addr().unwrap().to_string();
    drop(free);
    let there = "another program listens there already";
    L04.refuses(&["server", "--addr", &addr], there);
    let running = "Is the server running? `cargo run -p l04-typed-rpc -- server`";
    L04.refuses(&["client", "--addr", &unused, "Ada"], running);
    L04.refuses(&["client"], "Give a name");
    let example = "an address looks like 127.0.0.1:8080";
    L04.refuses(&["server", "--addr", "here"], example);
    L04.refuses(&["sing"], "there is no `sing`");
    L04.refuses(&["measure", "twice"], "one word too many");
    L04.tells(&["--help"], &["cargo run -p l04-typed-rpc -- server"]);
}
