//! The four kinds of call: what comes, in which order, and when.

use std::time::Duration;

use crate::running::{Server, chat, greet, next, order, patient, repeat, text, until};
use l06_grpc::pb::greeter::HelloRequest;
use l06_grpc::pb::greeter::greeter_client::GreeterClient;
use l07_streaming::client;
use l07_streaming::observe::Event;
use l07_streaming::pb::{ChatRequest, GreetAllRequest, GreetRequest, RepeatRequest};
use l07_streaming::server::Settings;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Streaming};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

fn name(name: &str) -> GreetAllRequest {
    GreetAllRequest {
        name: name.to_string(),
    }
}

async fn all<T>(mut replies: Streaming<T>) -> Vec<T> {
    let mut all = Vec::new();
    while let Some(reply) = patient(replies.message()).await.unwrap() {
        all.push(reply);
    }
    all
}

#[tokio::test]
async fn one_request_one_reply() {
    let server = Server::start().await;
    let mut client = server.client().await;
    assert_eq!(greet(&mut client).await.unwrap(), "hello wire");
    let status = client.greet(GreetRequest::default()).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    server.ended().await;
}

#[tokio::test]
async fn one_request_many_replies_in_order() {
    let server = Server::start().await;
    let mut client = server.client().await;
    let replies = repeat(&mut client, order(500, 0, 7)).await;
    let replies = all(replies).await;
    assert_eq!(replies.len(), 500);
    for (reply, number) in replies.iter().zip(1..) {
        assert_eq!(reply.number, number);
        assert_eq!(reply.message, "hello wire");
        assert_eq!(reply.payload.len(), 7);
    }
    assert!(
        replies
            .windows(2)
            .all(|pair| pair[0].made_us <= pair[1].made_us)
    );
    let none = repeat(&mut client, order(0, 0, 0)).await;
    assert!(all(none).await.is_empty());
    server.ended().await;
}

#[tokio::test]
async fn a_reply_comes_before_the_next_one_is_made() {
    let server = Server::start().await;
    let mut client = server.client().await;
    let mut replies = repeat(&mut client, order(100, 1000, 0)).await;
    let reply = next(&mut replies).await;
    assert_eq!(reply.number, 1);
    // The server needs another second for the next one, and we are not as late as that.
    assert_eq!(server.events.produced(), 1);
    drop(replies);
    server.ended().await;
}

#[tokio::test]
async fn an_order_beyond_the_limits_is_refused_with_the_limit() {
    let server = Server::start().await;
    let mut client = server.client().await;
    for (asked, words) in [
        (
            order(1_000_001, 0, 0),
            "count is 1000001; 1000000 is the most",
        ),
        (
            order(1, 60_001, 0),
            "interval_ms is 60001; 60000 is the most",
        ),
        (
            order(1, 0, 32_769),
            "payload_bytes is 32769; 32768 is the most",
        ),
        (RepeatRequest::default(), "the name is empty"),
        (
            RepeatRequest {
                name: "n".repeat(257),
                ..order(1, 0, 0)
            },
            "the name has 257 bytes; 256 is the most",
        ),
    ] {
        let status = client.repeat(asked).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        assert_eq!(status.message(), words);
    }
    server.ended().await;
}

#[tokio::test]
async fn many_requests_one_reply() {
    let server = Server::start().await;
    let mut client = server.client().await;
    let names = ["Ada", "Grace", "Edsger"].map(name);
    let reply = client.greet_all(tokio_stream::iter(names)).await.unwrap();
    assert_eq!(reply.get_ref().message, "hello Ada, Grace and Edsger");
    assert_eq!(reply.get_ref().count, 3);
    let none = client.greet_all(tokio_stream::empty()).await.unwrap();
    assert_eq!(none.get_ref().message, "hello");
    server.ended().await;
}

#[tokio::test]
async fn a_bad_request_ends_the_call_before_the_caller_has_finished() {
    let server = Server::start().await;
    let mut client = server.client().await;
    let (out, requests) = mpsc::channel(4);
    out.send(name("Ada")).await.unwrap();
    out.send(name("")).await.unwrap();
    // `out` stays: this caller does not finish.
    let called = patient(client.greet_all(ReceiverStream::new(requests))).await;
    assert_eq!(called.unwrap_err().code(), Code::InvalidArgument);
    drop(out);

    let too_many = (0..201).map(|_| name("Ada"));
    let called = client.greet_all(tokio_stream::iter(too_many)).await;
    let status = called.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert_eq!(status.message(), "more than 200 names");
    server.ended().await;
}

#[tokio::test]
async fn a_chat_has_no_turns() {
    let server = Server::start().await;
    let mut client = server.client().await;
    let (out, mut replies) = chat(&mut client).await;
    let mut next = async || {
        patient(replies.message())
            .await
            .unwrap()
            .map(|reply| (reply.text, reply.answers))
    };
    // The server sends first, before any request.
    assert_eq!(next().await.unwrap(), ("welcome".to_string(), 0));
    let ticking = ChatRequest {
        text: String::new(),
        tick_ms: Some(10),
    };
    out.send(ticking).await.unwrap();
    for _ in 0..3 {
        assert_eq!(next().await.unwrap(), ("tick".to_string(), 0));
    }
    let still = ChatRequest {
        text: String::new(),
        tick_ms: Some(0),
    };
    out.send(still).await.unwrap();
    // Three texts one after the other, and no reply was read in between.
    for said in ["one", "two", "three"] {
        out.send(text(said)).await.unwrap();
    }
    let mut answers = Vec::new();
    while answers.len() < 3 {
        let (said, answered) = next().await.unwrap();
        if said != "tick" {
            answers.push((said, answered));
        }
    }
    let expected = [("hello one", 1), ("hello two", 2), ("hello three", 3)];
    assert_eq!(answers, expected.map(|(said, n)| (said.to_string(), n)));
    drop(out);
    assert_eq!(next().await.unwrap(), ("bye, 3 texts".to_string(), 0));
    assert_eq!(next().await, None);
    server.ended().await;
}

#[tokio::test]
async fn a_half_closed_call_gets_all_replies() {
    let server = Server::start().await;
    let mut client = server.client().await;
    let texts = (1..=40).map(|n| text(&n.to_string()));
    let replies = client.chat(tokio_stream::iter(texts)).await.unwrap();
    // Everything is said and finished. Nothing was read yet, and more comes than the server may hold.
    until("the server heard something", || {
        server.events.has(&Event::Received(1))
    })
    .await;
    let replies = all(replies.into_inner()).await;
    assert_eq!(replies.len(), 1 + 40 + 1);
    assert_eq!(replies[41].text, "bye, 40 texts");
    assert!(server.events.has(&Event::HalfClosed));
    server.ended().await;
}

#[tokio::test]
async fn calls_of_one_connection_interleave() {
    let server = Server::start().await;
    let client = server.client().await;
    let (mut one, mut two) = (client.clone(), client.clone());
    let (mut slow, mut other) = (
        repeat(&mut one, order(3, 200, 0)).await,
        repeat(&mut two, order(3, 200, 0)).await,
    );
    for number in 1..=3 {
        assert_eq!(next(&mut slow).await.number, number);
        assert_eq!(next(&mut other).await.number, number);
        assert!(greet(&mut client.clone()).await.is_ok());
    }
    // Neither of them waited for the other's end.
    let made: Vec<u64> = server.events.all().iter().map(|(call, _)| *call).collect();
    let turns = made.windows(2).filter(|pair| pair[0] != pair[1]).count();
    assert!(turns >= 4, "{made:?}");
    server.ended().await;
}

#[tokio::test]
async fn the_services_of_lesson_06_stand_beside_it() {
    let server = Server::start().await;
    let settings = client::Settings::default();
    let channel = client::channel(server.addr, &settings).await.unwrap();
    let name = "wire".to_string();
    let mut greeter = GreeterClient::new(channel.clone());
    let reply = greeter.say_hello(HelloRequest { name }).await.unwrap();
    assert_eq!(reply.get_ref().message, "hello wire");

    let asked = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut reflection = ServerReflectionClient::new(channel.clone());
    let answers = reflection
        .server_reflection_info(tokio_stream::once(asked))
        .await;
    let answer = answers
        .unwrap()
        .into_inner()
        .message()
        .await
        .unwrap()
        .unwrap();
    let Some(MessageResponse::ListServicesResponse(list)) = answer.message_response else {
        panic!("no list");
    };
    let names: Vec<_> = list
        .service
        .iter()
        .map(|service| service.name.as_str())
        .collect();
    for name in [
        "greeter.v1.Greeter",
        "hello.v1.HelloService",
        "say.v1.SayName",
        "say.v1.say",
        "stream.v1.StreamService",
        "grpc.health.v1.Health",
    ] {
        assert!(names.contains(&name), "{name} is missing in {names:?}");
        let service = name.to_string();
        if name != "grpc.health.v1.Health" {
            let mut health = HealthClient::new(channel.clone());
            let answer = health.check(HealthCheckRequest { service }).await.unwrap();
            assert_eq!(answer.get_ref().status, 1, "{name}");
        }
    }
    server.ended().await;
}

#[tokio::test]
async fn the_token_guards_every_method() {
    let server = Server::limited(Settings {
        token: Some("sesame".to_string()),
        ..Settings::default()
    })
    .await;
    let mut without = server.client().await;
    let unauthenticated = |code| assert_eq!(code, Code::Unauthenticated);
    unauthenticated(
        without
            .greet(GreetRequest::default())
            .await
            .unwrap_err()
            .code(),
    );
    unauthenticated(without.repeat(order(1, 0, 0)).await.unwrap_err().code());
    let names = tokio_stream::iter([name("Ada")]);
    unauthenticated(without.greet_all(names).await.unwrap_err().code());
    let texts = tokio_stream::iter([text("hello")]);
    unauthenticated(without.chat(texts).await.unwrap_err().code());
    assert!(server.events.all().is_empty(), "a method began");

    let mut with = server
        .client_with(&client::Settings {
            token: Some("sesame".to_string()),
            ..client::Settings::default()
        })
        .await;
    let replies = repeat(&mut with, order(2, 0, 0)).await;
    assert_eq!(all(replies).await.len(), 2);
    server.ended().await;
}

#[tokio::test]
async fn a_silent_chat_is_ended() {
    let streams = l07_streaming::service::Streams {
        idle: Duration::from_millis(200),
        ..Default::default()
    };
    let server = Server::with(streams, Settings::default()).await;
    let mut client = server.client().await;
    let (out, mut replies) = chat(&mut client).await;
    assert_eq!(next(&mut replies).await.text, "welcome");
    let status = patient(replies.message()).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert_eq!(status.message(), "no message from the client for 200ms");
    drop(out);

    let (out, requests) = mpsc::channel::<GreetAllRequest>(1);
    let called = patient(client.greet_all(ReceiverStream::new(requests))).await;
    assert_eq!(called.unwrap_err().code(), Code::DeadlineExceeded);
    drop(out);
    server.ended().await;
}

#[tokio::test]
async fn a_tick_beyond_its_limits_ends_the_chat() {
    let server = Server::start().await;
    let mut client = server.client().await;
    for ms in [9, 60_001] {
        let asked = ChatRequest {
            text: String::new(),
            tick_ms: Some(ms),
        };
        let replies = client.chat(tokio_stream::iter([asked])).await.unwrap();
        let mut replies = replies.into_inner();
        assert_eq!(next(&mut replies).await.text, "welcome");
        let status = patient(replies.message()).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        assert!(status.message().contains("from 10 to 60000"), "{status}");
    }
    server.ended().await;
}
