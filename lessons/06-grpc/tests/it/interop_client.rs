//! An independent server: the client of this lesson calls a server on Python's grpcio, `interop/python/server.py`.

use std::net::SocketAddr;
use std::time::Duration;

use crate::independent::python;
use l06_grpc::client::{Client, Options};
use l06_grpc::pb::greeter::HelloRequest;
use l06_grpc::pb::greeter::greeter_client::GreeterClient;
use l06_grpc::pb::say::Teacher;
use stage::tap::Tap;
use testkit::program::{PATIENCE, Program, Server};
use tokio::task::block_in_place;
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_types::StatusExt;

const DESCRIPTORS: &str = concat!(env!("OUT_DIR"), "/descriptors.bin");

fn server(more: &[&str]) -> (Program, SocketAddr) {
    let mut command = python("server.py");
    command.arg(DESCRIPTORS).args(more);
    let server = block_in_place(|| Server::start(command));
    (server.program, server.addr)
}

fn patient() -> Options {
    Options {
        connect_timeout: PATIENCE,
        deadline: PATIENCE,
        ..Options::default()
    }
}

async fn client(options: Options) -> (Program, Client) {
    let (server, addr) = server(&[]);
    (server, Client::connect(addr, options).await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_method() {
    let (_server, client) = client(patient()).await;
    let reply = client.greet("wire").await.unwrap().into_inner();
    assert_eq!(reply.message, "hello wire");
    let reply = client.hello("wire").await.unwrap().into_inner();
    assert_eq!(reply.msg, "你好,wire");
    let reply = client.name("wire").await.unwrap().into_inner();
    assert_eq!(reply.msg, "你的名字是：wire");
    let (age, name) = (20, "san".to_string());
    let reply = client.teacher(Teacher { age, name }).await.unwrap();
    let name = "sanchi".to_string();
    assert_eq!(reply.into_inner(), Teacher { age, name });
    let reply = client.say("zhang").await.unwrap().into_inner();
    assert_eq!(reply.say, "zhanghello");

    // Many at once on one connection.
    let calls = (0..200).map(|number| {
        let mut greeter = GreeterClient::new(client.channel());
        let name = number.to_string();
        tokio::spawn(async move { greeter.say_hello(HelloRequest { name }).await })
    });
    for (number, call) in calls.collect::<Vec<_>>().into_iter().enumerate() {
        let reply = call.await.unwrap().unwrap().into_inner();
        assert_eq!(reply.message, format!("hello {number}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_and_their_details() {
    let (_server, client) = client(patient()).await;
    let status = client.greet("").await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert_eq!(status.message(), "name: at least one character");
    let details = status.get_details_bad_request().unwrap();
    assert_eq!(details.field_violations.len(), 1);
    assert_eq!(details.field_violations[0].field, "name");

    // Words that no header could carry as they are.
    let status = client.greet("closed").await.unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied);
    assert_eq!(status.message(), "not for 你");
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_and_trailers() {
    let options = Options {
        token: Some("sesame".to_string()),
        ..patient()
    };
    let (_server, client) = client(options).await;
    let reply = client.greet("token").await.unwrap();
    // From the headers of the reply, and from its trailers.
    assert_eq!(reply.metadata().get("x-request-id").unwrap(), "none");
    assert_eq!(reply.metadata().get("x-python").unwrap(), "was here");
    let bytes = reply.metadata().get_bin("x-python-bin").unwrap();
    assert_eq!(bytes.to_bytes().unwrap(), b"\x00\xff"[..]);
    assert_eq!(reply.into_inner().message, "Bearer sesame");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_is_sent_and_ends_the_work_there() {
    let options = Options {
        deadline: Duration::from_millis(500),
        ..patient()
    };
    let (server, client) = client(options).await;
    let status = client.greet("slow").await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    // `True`: grpcio knows how much time is left.
    block_in_place(|| {
        assert_eq!(server.says("work begins, "), "True");
        server.says("work stopped");
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_call_ends_the_work_there() {
    let (server, client) = client(patient()).await;
    let begun = tokio::task::spawn_blocking(move || {
        server.says("work begins");
        server
    });
    let server = tokio::select! {
        reply = client.greet("slow") => panic!("{reply:?}"),
        server = begun => server.unwrap(),
    };
    // Now the call is dropped, and the connection lives on.
    block_in_place(|| server.says("work stopped"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_not_possible_now_is_tried_again() {
    let (_server, client) = client(patient()).await;
    let reply = client.greet("flaky").await.unwrap().into_inner();
    assert_eq!(reply.message, "hello flaky");
}

#[tokio::test(flavor = "multi_thread")]
async fn compression_both_ways() {
    let long = "z".repeat(190);
    for (gzip, server_has) in [(true, &["gzip"][..]), (false, &[])] {
        let (_server, addr) = server(server_has);
        let tap = Tap::keeping(addr).await.unwrap();
        let options = Options { gzip, ..patient() };
        let client = Client::connect(tap.addr, options).await.unwrap();
        let reply = client.greet(&long).await.unwrap().into_inner();
        assert_eq!(reply.message, format!("hello {long}"));
        assert_eq!(tap.passed(long.as_bytes()), [!gzip; 2], "gzip: {gzip}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_health_of_a_stranger() {
    let (_server, client) = client(patient()).await;
    let mut health = HealthClient::new(client.channel());
    let service = "greeter.v1.Greeter".to_string();
    let asked = HealthCheckRequest { service };
    let reply = health.check(asked.clone()).await.unwrap();
    assert_eq!(reply.into_inner().status(), ServingStatus::Serving);
    // And who watches hears of a change.
    let mut watched = health.watch(asked).await.unwrap().into_inner();
    for (greeted, expected) in [
        ("wire", ServingStatus::Serving),
        ("sick", ServingStatus::NotServing),
    ] {
        client.greet(greeted).await.unwrap();
        let status = tokio::time::timeout(PATIENCE, watched.message()).await;
        let status = status.unwrap().unwrap().unwrap();
        assert_eq!(status.status(), expected);
    }
    let service = "missing.v1.Missing".to_string();
    let status = health.check(HealthCheckRequest { service }).await;
    assert_eq!(status.unwrap_err().code(), Code::NotFound);
}
