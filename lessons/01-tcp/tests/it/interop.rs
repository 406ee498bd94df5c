//! Independent programs: Python's `socket` module against our servers, and our clients against a server in
//! Python. Two programs by the same author can agree on a mistake; these two cannot.

use std::path::PathBuf;
use std::process::Command;

use testkit::program::{Server, output};

/// What every pair has to say to each other.
const ANSWERS: &str = "Ada hello world\n你好 hello world\n";

/// A program of this lesson's `interop` folder.
fn python(file: &str) -> Command {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("interop/python")
        .join(file);
    let mut command = testkit::python();
    command.arg(path);
    command
}

fn ours(more: &[&str]) -> Server {
    let mut command = Command::new(env!("CARGO_BIN_EXE_l01-tcp"));
    Server::start(command.args(["server", "--addr", "127.0.0.1:0"]).args(more))
}

fn python_client_against(server: &Server) -> String {
    let mut client = python("client.py");
    client.args([&server.addr.to_string(), "Ada", "你好"]);
    output(client)
}

fn our_client_against(server: &Server, more: &[&str]) -> String {
    let mut client = Command::new(env!("CARGO_BIN_EXE_l01-tcp"));
    client
        .args(["client", "--addr", &server.addr.to_string()])
        .args(more)
        .args(["Ada", "你好"]);
    output(client)
}

#[test]
fn a_python_client_and_our_servers() {
    assert_eq!(python_client_against(&ours(&[])), ANSWERS);
    assert_eq!(python_client_against(&ours(&["--tokio"])), ANSWERS);
}

#[test]
fn our_clients_and_a_python_server() {
    assert_eq!(
        our_client_against(&Server::start(python("server.py")), &[]),
        ANSWERS
    );
    assert_eq!(
        our_client_against(&Server::start(python("server.py")), &["--tokio"]),
        ANSWERS
    );
}
