//! One more stranger: @grpc/grpc-js, a gRPC that shares no code with tonic's or Python's.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use l06_grpc::client::{Client, Options};
use testkit::program::{PATIENCE, Server, output};
use tokio::task::block_in_place;
use tonic::Code;

const DESCRIPTORS: &str = concat!(env!("OUT_DIR"), "/descriptors.bin");

/// `node` with a program of `interop/npm`, whose dependencies are installed below `target/`.
fn node(file: &str) -> Command {
    static INSTALLED: OnceLock<PathBuf> = OnceLock::new();
    let dir = INSTALLED.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("interop/npm");
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("grpc-npm");
        std::fs::create_dir_all(&target).unwrap();
        for entry in std::fs::read_dir(source).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_file() {
                std::fs::copy(entry.path(), target.join(entry.file_name())).unwrap();
            }
        }
        let lock = std::fs::read(target.join("package-lock.json")).unwrap();
        let done = target.join("installed.json");
        if std::fs::read(&done).ok().as_ref() != Some(&lock) {
            let mut install = Command::new("npm");
            install
                .args(["ci", "--no-audit", "--no-fund", "--silent"])
                .current_dir(&target);
            // Missing, it fails the test: one that quietly tests nothing would be worse.
            let missing = "this test needs Node.js 18 or newer and npm. On Debian and Ubuntu: sudo \
                           apt-get install nodejs npm";
            let installed = install.output();
            let installed = installed.unwrap_or_else(|error| panic!("{missing}: {error}"));
            let errors = String::from_utf8_lossy(&installed.stderr);
            assert!(installed.status.success(), "{missing}?\n{errors}");
            std::fs::write(done, lock).unwrap();
        }
        target
    });
    let mut command = Command::new("node");
    command.arg(dir.join(file)).arg(DESCRIPTORS);
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
        patience: PATIENCE,
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
