//! A handler is written once, and called by name: on either transport, whichever instance answers.

use std::collections::BTreeSet;
use std::fmt::{Debug, Display};
use std::time::Duration;

use l06_grpc::pb::greeter::{HelloReply, HelloRequest};
use l12_resilience::caller::{Failed, How};
use l12_resilience::deadline;
use l13_framework::client::{Client, Settings};
use l13_framework::registry::Instance;
use l13_framework::service::Service;
use l13_framework::transport::{Connection, Transport};
use prost::Message;
use tokio::time::{Instant, sleep};
use tonic::{Code, Status};

use crate::help;
use crate::help::{HELLO, NAME, call, greet, greeter, memory, start, until};

const BOTH: [Transport; 2] = [Transport::Grpc, Transport::Rpc];

/// It has failed with this code.
fn fails<T: Debug>(outcome: Result<T, Failed>, code: Code, what: &dyn Display) -> Status {
    let status = outcome.expect_err("a failure").status();
    assert_eq!(status.code(), code, "{what}: {status}");
    status
}

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
    assert_eq!(client.view(NAME).members().borrow().len(), 2);
    for running in [grpc, rpc] {
        let left = running.leave().await;
        assert!(left.told && left.finished, "{left:?}");
    }
    let none = greet(&client, "Ada").await.unwrap_err();
    assert!(matches!(none, Failed::NoMember), "{none}");
}

/// A status is the same whatever it has travelled on: the code, and the words.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_status_is_the_same_on_both() {
    for transport in BOTH {
        let registry = memory();
        let service = greeter(&registry, "one").transport(transport);
        let running = start(&registry, service).await;
        let client = Client::new(registry.clone(), Settings::default());
        let outcome = greet(&client, "").await;
        let status = fails(outcome, Code::InvalidArgument, &transport);
        assert_eq!(status.message(), "whom shall I greet?", "{transport}");
        for (method, code) in [
            ("greeter.v1.Greeter/Nope", Code::Unimplemented),
            ("nothing.v1.Nothing/SayHello", Code::Unimplemented),
            ("SayHello", Code::InvalidArgument),
        ] {
            let outcome = call(&client, method, "", How::once()).await;
            fails(outcome, code, &format!("{transport} {method}"));
        }
        // The one line was good all the while.
        assert_eq!(greet(&client, "Ada").await.unwrap(), "hello Ada, says one");
        running.leave().await;
    }
}

/// The caller's deadline reaches the handler, and the services that the handler calls; and the work is stopped.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deadlines_travel_on_both() {
    for transport in BOTH {
        let registry = memory();
        let (tell, mut left) = tokio::sync::mpsc::unbounded_channel();
        let (alive, dropped) = tokio::sync::watch::channel(());
        let service = greeter(&registry, "one").transport(transport).handle(
            "test.v1.Clock/Wait",
            move |_: HelloRequest| {
                let (tell, dropped) = (tell.clone(), dropped.clone());
                async move {
                    let _ = tell.send(deadline::remaining());
                    sleep(Duration::from_secs(600)).await;
                    drop(dropped);
                    Ok::<_, Status>(HelloReply::default())
                }
            },
        );
        let running = start(&registry, service).await;
        let client = Client::new(registry.clone(), Settings::default());
        let before = alive.receiver_count();
        let began = Instant::now();
        let time = Duration::from_millis(400);
        let how = How::once().within(time);
        let outcome = call(&client, "test.v1.Clock/Wait", "", how).await;
        fails(outcome, Code::DeadlineExceeded, &transport);
        assert!(began.elapsed() >= time, "{transport}");
        let remaining = left.recv().await.unwrap();
        let remaining = remaining.expect("the handler knows of a deadline");
        assert!(remaining <= time, "{transport}: {remaining:?}");
        // Dropped in the middle: what it held is free.
        until("the work is stopped", async || {
            alive.receiver_count() == before
        })
        .await;
        // What a handler itself calls has no more time than it has.
        let inner = call(&client, "test.v1.Clock/Wait", "", How::once());
        let outcome = deadline::scope(Instant::now() + time, inner).await;
        fails(outcome, Code::DeadlineExceeded, &transport);
        let remaining = left.recv().await.unwrap().unwrap();
        assert!(remaining <= time, "{transport}: {remaining:?}");
        running.leave().await;
    }
}

/// A message that is too long is one failed call, in both directions, and says so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_has_a_limit_on_both() {
    for transport in BOTH {
        let registry = memory();
        let service = greeter(&registry, "one").transport(transport).handle(
            "test.v1.Long/Reply",
            |request: HelloRequest| async move {
                let message = request.name.repeat(3 << 20);
                Ok::<_, Status>(HelloReply { message })
            },
        );
        let running = start(&registry, service).await;
        let client = Client::new(registry.clone(), Settings::default());
        let request = greet(&client, &"x".repeat(2 << 20)).await;
        fails(request, Code::ResourceExhausted, &transport);
        let reply = call(&client, "test.v1.Long/Reply", "x", How::once()).await;
        fails(reply, Code::ResourceExhausted, &transport);
        assert_eq!(greet(&client, "Ada").await.unwrap(), "hello Ada, says one");
        running.leave().await;
    }
}

/// One of two dies without a word: a call that may run twice does not notice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_dies_and_nobody_notices() {
    for transport in BOTH {
        let registry = memory();
        let service = |who| greeter(&registry, who).transport(transport);
        let dead = start(&registry, service("dead")).await;
        let living = start(&registry, service("living")).await;
        let client = Client::new(registry.clone(), Settings::default());
        until("both have answered", async || {
            let mut heard = BTreeSet::new();
            for _ in 0..20 {
                heard.insert(greet(&client, "Ada").await.unwrap());
            }
            heard.len() == 2
        })
        .await;
        dead.crash();
        for _ in 0..50 {
            greet(&client, "Ada").await.unwrap();
        }
        // It is still listed: it was not deregistered, and its lease is not over.
        assert_eq!(registry.get_service(NAME).await.unwrap().len(), 2);
        living.leave().await;
    }
}

/// Restarted at the same place: a call that may not run twice finds the new one, although the connection to
/// the old one was still kept.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_that_has_ended_is_no_lost_call() {
    let registry = memory();
    let service = greeter(&registry, "one").transport(Transport::Rpc);
    let running = start(&registry, service).await;
    let soon = || Instant::now() + help::PATIENCE;
    let line = Connection::dial(Transport::Rpc, running.addr, soon())
        .await
        .unwrap();
    let method = HELLO.parse().unwrap();
    let message = HelloRequest { name: "Ada".into() }.encode_to_vec();
    line.unary(&method, message.clone(), soon()).await.unwrap();
    running.leave().await;
    let mut refused = line
        .unary(&method, message.clone(), soon())
        .await
        .unwrap_err();
    until("the end has arrived", async || {
        let outcome = line.unary(&method, message.clone(), soon()).await;
        refused = outcome.unwrap_err();
        refused.message().contains("before the call was made")
    })
    .await;
    assert!(!l06_grpc::status::may_have_run(&refused));
    assert_eq!(refused.code(), Code::Unavailable);
}

/// An instance that speaks something else is told apart, and is no riddle.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_transport_is_a_clear_error() {
    let registry = memory();
    let mut odd = Instance::new(NAME, "odd", "127.0.0.1:9".parse().unwrap());
    odd.metadata.insert("transport".into(), "pigeon".into());
    let ttl = Duration::from_secs(600);
    registry.register(&odd, ttl).await.unwrap();
    let client = Client::new(registry, Settings::default());
    let outcome = greet(&client, "Ada").await;
    let status = fails(outcome, Code::FailedPrecondition, &"pigeon");
    assert!(status.message().contains("odd speaks pigeon"), "{status}");
}

/// Names come from outside, in a gateway: what is kept for them is limited.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_so_many_names_are_watched() {
    let registry = memory();
    let running = start(&registry, greeter(&registry, "one")).await;
    let settings = Settings {
        names: 4,
        ..Settings::default()
    };
    let client = Client::new(registry.clone(), settings);
    for n in 0..100 {
        let unused = client.view(&format!("unused-{n}"));
        assert_eq!(unused.name(), format!("unused-{n}"));
        greet(&client, "Ada").await.unwrap();
    }
    let shown = format!("{client:?}");
    let (_, names) = shown.rsplit_once("names: [").unwrap();
    assert!(
        names.contains(NAME),
        "the one in use was forgotten: {names}"
    );
    assert_eq!(names.matches("unused-").count(), 3, "{names}");
    running.leave().await;
}

/// What tonic has generated is served beside handlers, and called on the line that the caller gives: a
/// stream as well, which is the health of the service, watched until it leaves.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn generated_services_and_streams() {
    use l06_grpc::greeter::Greetings;
    use l06_grpc::pb::greeter::greeter_client::GreeterClient;
    use l06_grpc::pb::greeter::greeter_server::GreeterServer;
    use tonic_health::pb::HealthCheckRequest;
    use tonic_health::pb::health_client::HealthClient;

    let registry = memory();
    let service = Service::new(NAME)
        .registry(registry.clone())
        .leaving(help::leaving())
        .grpc(GreeterServer::new(Greetings))
        .handle("test.v1.Other/Hello", |_: HelloRequest| async {
            Ok::<_, Status>(HelloReply::default())
        });
    let mut running = start(&registry, service).await;
    let client = Client::new(registry.clone(), Settings::default());
    client
        .healthy(NAME, Instant::now() + help::PATIENCE)
        .await
        .unwrap();
    let caller = client.service(NAME);
    let reply = caller
        .call(How::safe(), |line, attempt| async move {
            let Connection::Grpc(channel) = line else {
                return Err(Status::failed_precondition("this is gRPC only"));
            };
            let message = HelloRequest { name: "Ada".into() };
            GreeterClient::new(channel)
                .say_hello(attempt.request(message))
                .await
        })
        .await;
    assert_eq!(reply.unwrap().into_inner().message, "hello Ada");
    let reply = call(&client, "test.v1.Other/Hello", "", How::once()).await;
    assert_eq!(reply.unwrap(), HelloReply::default());
    let stream = caller.call(How::safe(), |line, _| async move {
        let Connection::Grpc(channel) = line else {
            return Err(Status::failed_precondition("this is gRPC only"));
        };
        let service = "greeter.v1.Greeter".to_string();
        HealthClient::new(channel)
            .watch(HealthCheckRequest { service })
            .await
    });
    let mut stream = stream.await.unwrap().into_inner();
    let mut status = async || stream.message().await.unwrap().unwrap().status;
    assert_eq!(status().await, 1, "SERVING");
    running.ask();
    assert_eq!(status().await, 2, "NOT_SERVING");
    drop(stream);
    let left = running.task.await.unwrap().unwrap();
    assert!(left.told && left.finished, "{left:?}");
}
