//! Independent clients and servers: Python's protobuf library writes and reads delimited messages by itself. Two
//! programs by the same author can agree on a mistake; these do not share code.

use l05_protobuf::client::Client;
use testkit::program::{PATIENCE as TIMEOUT, Server, output};

use crate::support::{ours, python};

#[test]
fn a_python_client_and_our_server() {
    let server = ours(&[]);
    let long = "x".repeat(20_000);
    let mut client = python("client.py");
    client
        .arg(server.addr.ip().to_string())
        .arg(server.addr.port().to_string())
        .args(["wire", "你好", "🦀", &long]);
    assert_eq!(
        output(client),
        format!("hello wire\nhello 你好\nhello 🦀\nhello {long}\nhello wire\n")
    );
}

#[tokio::test]
async fn our_client_and_a_python_server() {
    for more in [&[][..], &["split"]] {
        let mut server = python("server.py");
        server.args(more);
        let server = Server::start(server);
        let mut client = Client::connect(server.addr, TIMEOUT).await.unwrap();
        let long = "y".repeat(300);
        for name in ["wire", "", "你好", "\0", &long] {
            let greeting = client.greet(name).await.unwrap();
            assert_eq!(greeting, format!("hello {name}"));
        }
    }
}

#[test]
fn our_command_line_speaks_to_a_python_server() {
    let server = Server::start(python("server.py"));
    let mut client = std::process::Command::new(env!("CARGO_BIN_EXE_l05-protobuf"));
    client.args(["client", "--addr", &server.addr.to_string(), "Ada", "Grace"]);
    assert_eq!(output(client), "hello Ada\nhello Grace\n");
}
