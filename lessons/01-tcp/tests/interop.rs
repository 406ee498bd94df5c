//! Strangers: Python's `socket` module against our servers, and our clients against a server in
//! Python. Two programs by the same author can agree on a mistake; these two cannot.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// What every pair has to say to each other.
const ANSWERS: &str = "Ada hello world\n你好 hello world\n";

/// A program of this lesson's `interop` folder.
fn python(file: &str) -> Command {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("interop/python")
        .join(file);
    let mut command = Command::new(std::env::var_os("PYTHON").unwrap_or("python3".into()));
    command.arg(path);
    command
}

/// A server in a process of its own, ended with this value.
struct Server {
    child: Child,
    addr: SocketAddr,
}

impl Server {
    fn start(mut command: Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .expect("this test needs python3 on the PATH, or its path in $PYTHON");
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let addr = line
            .trim()
            .strip_prefix("listening on ")
            .expect("a server that listens");
        Server {
            addr: addr.parse().unwrap(),
            child,
        }
    }

    fn ours(more: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_l01-tcp"));
        command.args(["server", "--addr", "127.0.0.1:0"]).args(more);
        Server::start(command)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn output(mut command: Command) -> String {
    let output = command
        .output()
        .expect("this test needs python3 on the PATH, or in $PYTHON");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    String::from_utf8(output.stdout).unwrap()
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
    assert_eq!(python_client_against(&Server::ours(&[])), ANSWERS);
    assert_eq!(python_client_against(&Server::ours(&["--tokio"])), ANSWERS);
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
