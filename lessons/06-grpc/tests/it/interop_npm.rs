//! One more independent implementation: @grpc/grpc-js, a gRPC that shares no code with tonic's or Python's.

use std::process::Command;

use l06_grpc::client::{Client, Options};
use testkit::program::{PATIENCE, Server, output};
use tokio::task::block_in_place;
use tonic::Code;

const DESCRIPTORS: &str = concat!(env!("OUT_DIR"), "/descriptors.bin");

/// `node` with a program of `interop/npm`.
fn node(file: &str) -> Command {
    let packages = testkit::npm_packages(env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new("node");
    command.arg(packages.join(file)).arg(DESCRIPTORS);
    command
}

#[test]
fn an_npm_client_and_our_server() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_l06-grpc"));
    command.args(["server", "--addr", "127.0.0.1:0", "--until-stdin-ends"]);
    let server = Server::start(command);
    let mut client = node("client.mjs");
    client.arg(server.addr.to_string());
    assert_eq!(
        output(client),
        "every method\n50 calls at once\nan error, and a good call after it\n\
         metadata and trailers\n"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn our_client_and_an_npm_server() {
    let server = block_in_place(|| Server::start(node("server.mjs")));
    let options = Options {
        connect_timeout: PATIENCE,
        deadline: PATIENCE,
        ..Options::default()
    };
    let client = Client::connect(server.addr, options).await;
    let client = client.unwrap();
    let reply = client.greet("wire").await.unwrap().into_inner();
    assert_eq!(reply.message, "hello wire");
    let reply = client.name("wire").await.unwrap().into_inner();
    assert_eq!(reply.msg, "你的名字是：wire");
    let reply = client.say("zhang").await.unwrap().into_inner();
    assert_eq!(reply.say, "zhanghello");
    let status = client.greet("").await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert_eq!(status.message(), "name: at least one character");
}
