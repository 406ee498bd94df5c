//! gRPC's own interoperability cases: a client on Python's grpcio calls a server on tonic. The steps
//! of each case are in `interop/python/cases_client.py`.

use std::process::Command;

use crate::independent::python;
use testkit::program::{PATIENCE, Program, output};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::block_in_place;
use tokio::time::timeout;

fn client(addr: std::net::SocketAddr, case: &str) -> Command {
    let mut client = python("cases_client.py");
    client
        .arg(crate::testing::DESCRIPTORS)
        .arg(addr.to_string())
        .arg(case);
    client
}

/// Lets grpcio go through the case, and gives back what our server has to tell.
async fn passes(case: &'static str) -> UnboundedReceiver<String> {
    let (addr, heard) = crate::testing::serve().await;
    let said = block_in_place(|| output(client(addr, case)));
    assert_eq!(said, format!("{case} passed\n"));
    heard
}

async fn next(heard: &mut UnboundedReceiver<String>) -> String {
    let line = timeout(PATIENCE, heard.recv()).await;
    line.expect("the server tells nothing").unwrap()
}

/// A test for each case that needs nothing else.
macro_rules! cases {
    ($($case:ident)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $case() {
            passes(stringify!($case)).await;
        }
    )*};
}

cases! {
    empty_unary
    large_unary
    client_streaming
    server_streaming
    ping_pong
    empty_stream
    custom_metadata
    status_code_and_message
    special_status_message
    unimplemented_method
    unimplemented_service
    timeout_on_sleeping_server
}

/// More than the case asks for: our server was at work, and stopped without an answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancel_after_begin() {
    let (addr, mut heard) = crate::testing::serve().await;
    let mut command = client(addr, "cancel_after_begin");
    command.arg("--wait");
    let mut python = Program::start(command);
    assert_eq!(next(&mut heard).await, "streaming_input_call begins");
    python.tell("go on");
    assert_eq!(next(&mut heard).await, "streaming_input_call is over");
    python.says("cancel_after_begin passed");
}

/// More than the case asks for: our server has stopped as well.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancel_after_first_response() {
    let mut heard = passes("cancel_after_first_response").await;
    assert_eq!(next(&mut heard).await, "full_duplex_call begins");
    assert_eq!(next(&mut heard).await, "full_duplex_call is over");
}
