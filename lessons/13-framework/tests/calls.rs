//! A handler is written once, and called by name: on either transport, whoever answers.

mod help;

use std::collections::BTreeSet;
use std::time::Duration;

use help::{HELLO, NAME, begin, greet, greeter, memory, start, until};
use l06_grpc::pb::greeter::{HelloReply, HelloRequest};
use l13_framework::client::{Client, Settings};
use l13_framework::l12_resilience::caller::{Failed, How};
use l13_framework::l12_resilience::deadline;
use l13_framework::service::Service;
use l13_framework::transport::Transport;
use tokio::time::Instant;
use tonic::Code;

/// The same handler serves both, and the client sees from the registry which one an instance speaks.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_handler_two_transports_one_client() {
    let registry = memory();
    let grpc = start(&registry, greeter(&registry, "grpc")).await;
    let rpc = greeter(&registry, "rpc").transport(Transport::Rpc);
    let rpc = start(&registry, rpc).await;
    let client = Client::new(registry.clone(), Settings::default());
    let mut heard = BTreeSet::new();
    until("both have answered", async || {
        heard.insert(greet(&client, "Ada").await.unwrap());
        heard.len() == 2
    })
    .await;
    let expected = ["hello Ada, says grpc", "hello Ada, says rpc"];
    assert!(heard.iter().eq(expected), "{heard:?}");
    let members = client.known(NAME).members().borrow().len();
    assert_eq!(members, 2);
    for running in [grpc, rpc] {
        let left = running.leave().await;
        assert!(left.told && left.finished, "{left:?}");
    }
    let nobody = greet(&client, "Ada").await.unwrap_err();
    assert!(matches!(nobody, Failed::NobodyHome), "{nobody}");
}
