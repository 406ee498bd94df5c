//! The shutdown: health first, no new calls, running calls finish, and the others end with a status.

use std::time::{Duration, Instant};

use crate::running::{Server, chat, failure, greet, next, order, patient, repeat, text, until};
use l07_streaming::client::{self, ConnectError};
use l07_streaming::observe::Event;
use l07_streaming::pb::GreetAllRequest;
use l07_streaming::pb::stream_service_server::SERVICE_NAME;
use l07_streaming::server::Settings;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

#[tokio::test]
async fn a_running_stream_is_finished_and_new_clients_are_refused() {
    let mut server = Server::limited(Settings {
        grace: Duration::from_secs(15),
        ..Settings::default()
    })
    .await;
    let mut client = server.client().await;
    let mut replies = repeat(&mut client, order(8, 100, 0)).await;
    next(&mut replies).await;
    server.stop();
    let addr = server.addr;
    // As soon as the listener is closed, the system refuses on behalf of us.
    let refused = patient(async {
        loop {
            match client::connect(addr, &client::Settings::default()).await {
                Err(ConnectError::Refused(addr)) => break addr,
                _ => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    });
    assert_eq!(refused.await, addr);
    let mut came = 1;
    while let Some(reply) = patient(replies.message()).await.unwrap() {
        came += 1;
        assert_eq!(reply.number, came);
    }
    assert_eq!(came, 8);
    // The old connection takes no new calls either.
    assert!(greet(&mut client).await.is_err());
    server.ended().await;
}

#[tokio::test]
async fn all_kinds_are_finished() {
    let mut server = Server::limited(Settings {
        grace: Duration::from_secs(15),
        ..Settings::default()
    })
    .await;
    let mut client = server.client().await;
    let (names, requests) = mpsc::channel(4);
    let mut of_task = client.clone();
    let greeting =
        tokio::spawn(async move { of_task.greet_all(ReceiverStream::new(requests)).await });
    let name = |name: &str| GreetAllRequest {
        name: name.to_string(),
    };
    names.send(name("Ada")).await.unwrap();
    let (texts, requests) = mpsc::channel(4);
    let replies = client.chat(ReceiverStream::new(requests)).await.unwrap();
    let mut replies = replies.into_inner();
    until("both calls are under way", || {
        server.events.has(&Event::Received(1))
    })
    .await;
    server.stop();
    // Half a second later both sides go on as if nothing had happened.
    tokio::time::sleep(Duration::from_millis(500)).await;
    names.send(name("Grace")).await.unwrap();
    texts.send(text("still there?")).await.unwrap();
    drop((names, texts));
    let reply = patient(greeting).await.unwrap().unwrap();
    assert_eq!(reply.get_ref().message, "hello Ada and Grace");
    for said in ["welcome", "hello still there?", "bye, 1 texts"] {
        assert_eq!(next(&mut replies).await.text, said);
    }
    assert!(patient(replies.message()).await.unwrap().is_none());
    let since = Instant::now();
    server.ended().await;
    assert!(
        since.elapsed() < Duration::from_secs(10),
        "nothing was left to wait for"
    );
}

#[tokio::test]
async fn what_does_not_finish_is_told_why() {
    let mut server = Server::limited(Settings {
        grace: Duration::from_millis(400),
        ..Settings::default()
    })
    .await;
    let mut client = server.client().await;
    let mut endless = repeat(&mut client, order(1_000_000, 50, 0)).await;
    let (out, mut silent) = chat(&mut client).await;
    next(&mut silent).await;
    next(&mut endless).await;
    server.stop();
    let (_, status) = failure(&mut endless).await;
    assert_eq!(status.code(), Code::Unavailable, "{status}");
    assert!(
        status.message().contains("the server has stopped"),
        "{status}"
    );
    let status = patient(silent.message()).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status}");
    until("the server has ended", || server.has_ended()).await;
    server.events.cancelled().await;
    drop(out);
}

#[tokio::test]
async fn the_grace_also_bounds_a_caller_that_reads_nothing() {
    let mut server = Server::limited(Settings {
        grace: Duration::from_millis(300),
        ..Settings::default()
    })
    .await;
    let narrow = client::Settings {
        window: Some(65_535),
        ..client::Settings::default()
    };
    let mut client = server.client_with(&narrow).await;
    let replies = client.repeat(order(100_000, 0, 8000)).await.unwrap();
    until("it has begun", || server.events.produced() > 5).await;
    server.stop();
    until("the server has ended all the same", || server.has_ended()).await;
    drop(replies);
}

#[tokio::test]
async fn clients_that_watch_the_health_get_the_news_first_and_are_ended() {
    let mut server = Server::limited(Settings {
        grace: Duration::from_secs(15),
        ..Settings::default()
    })
    .await;
    let settings = client::Settings::default();
    let channel = client::channel(server.addr, &settings).await.unwrap();
    let mut watching = Vec::new();
    for service in ["", SERVICE_NAME, "greeter.v1.Greeter"] {
        let service = service.to_string();
        let asked = HealthCheckRequest { service };
        let mut health = HealthClient::new(channel.clone());
        let mut news = health.watch(asked).await.unwrap().into_inner();
        let first = next(&mut news).await;
        assert_eq!(first.status, ServingStatus::Serving as i32);
        watching.push(news);
    }
    let since = Instant::now();
    server.stop();
    for news in &mut watching {
        let next = next(news).await;
        assert_eq!(next.status, ServingStatus::NotServing as i32);
        let status = patient(news.message()).await.unwrap_err();
        assert_eq!(status.code(), Code::Unavailable, "{status}");
    }
    // Watching never ends by itself; it must not hold the server for all of its grace.
    server.ended().await;
    assert!(since.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn without_calls_it_stops_at_once() {
    let server = Server::start().await;
    let client = server.client().await;
    let since = Instant::now();
    server.ended().await;
    assert!(since.elapsed() < Duration::from_secs(5));
    drop(client);
}
