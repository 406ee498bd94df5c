//! Backpressure, cancellation, deadlines and limits.

use std::time::Duration;

use crate::running::{Server, chat, failure, greet, next, order, patient, repeat, text, until};
use l07_streaming::client;
use l07_streaming::observe::Event;
use l07_streaming::pb::{ChatRequest, GreetAllRequest, RepeatResponse};
use l07_streaming::server::Settings;
use l07_streaming::service::Streams;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Request, Streaming};

const WINDOW: u32 = 65_535;
const PAYLOAD: u32 = 8000;

fn narrow() -> client::Settings {
    client::Settings {
        window: Some(WINDOW),
        ..client::Settings::default()
    }
}

/// Waits until the server has not made anything for a while.
async fn standstill(server: &Server) -> usize {
    let mut before = server.events.produced();
    for _ in 0..100 {
        sleep(Duration::from_millis(200)).await;
        let after = server.events.produced();
        if before == after && after > 0 {
            return after;
        }
        before = after;
    }
    panic!("it goes on and on: {before} made");
}

async fn read(replies: &mut Streaming<RepeatResponse>, count: usize) {
    for _ in 0..count {
        next(replies).await;
    }
}

/// How many replies may be produced and not read: what the window allows, what becomes a frame (32 KB and the
/// message that crosses this line), what waits in the channel, and the one that the producer holds.
const AHEAD: usize = (WINDOW as usize + 32 * 1024) / PAYLOAD as usize + 1 + 8 + 1;

#[tokio::test]
async fn a_slow_reader_slows_the_producer() {
    let server = Server::start().await;
    let mut client = server.client_with(&narrow()).await;
    let mut replies = repeat(&mut client, order(100_000, 0, PAYLOAD)).await;
    for _ in 0..5 {
        let before = server.events.produced();
        read(&mut replies, 10).await;
        let read = standstill(&server).await - before;
        assert!(read <= 10 + AHEAD + 8, "{read} made while 10 were read");
    }
    let made = server.events.produced();
    // Replies that lie in the client's own library have been read from the wire already: it takes
    // them out of one frame, so they count like the frame on the server's side.
    assert!(
        made <= 50 + AHEAD + 8,
        "{made} made, 50 read, {AHEAD} allowed"
    );
    drop(replies);
    server.ended().await;
}

#[tokio::test]
async fn one_slow_reader_does_not_stop_the_others() {
    let server = Server::start().await;
    // Windows of the usual size: the connection's is larger than that of one stream.
    let mut client = server.client().await;
    let mut stuck = repeat(&mut client, order(100_000, 0, PAYLOAD)).await;
    read(&mut stuck, 1).await;
    standstill(&server).await;
    let mut quick = repeat(&mut client, order(300, 0, PAYLOAD)).await;
    read(&mut quick, 300).await;
    assert!(greet(&mut client).await.is_ok());
    drop(stuck);
    server.ended().await;
}

#[tokio::test]
async fn a_window_for_all_lets_one_slow_call_stop_the_others() {
    let server = Server::start().await;
    // The connection's window is no larger than that of one stream.
    let mut client = server.client_with(&narrow()).await;
    let mut stuck = repeat(&mut client, order(100, 0, PAYLOAD)).await;
    standstill(&server).await;
    let mut other = client.clone();
    let mut call = tokio::spawn(async move { greet(&mut other).await });
    let waited = timeout(Duration::from_millis(500), &mut call).await;
    assert!(waited.is_err(), "there was room for its reply");
    // When the client reads again, all goes on.
    read(&mut stuck, 100).await;
    assert!(patient(call).await.unwrap().is_ok());
    server.ended().await;
}

#[tokio::test]
async fn a_server_that_does_not_read_slows_the_caller() {
    let server = Server::start().await;
    let mut client = server.client_with(&narrow()).await;
    let (out, requests) = mpsc::channel::<ChatRequest>(1);
    let replies = client.chat(ReceiverStream::new(requests)).await.unwrap();
    // The caller talks and does not read: the server cannot get rid of its answers, and stops
    // reading. Then the caller's own channel is full.
    let long = "x".repeat(8000);
    let mut sent = 0;
    while let Ok(Ok(())) = timeout(Duration::from_secs(1), out.send(text(&long))).await {
        sent += 1;
        assert!(sent < 10_000, "nothing ever stops this caller");
    }
    let heard = server
        .events
        .count(|event| matches!(event, Event::Received(_)));
    assert!(heard < sent, "{heard} of {sent}");
    // It was only full, not broken.
    let mut replies = replies.into_inner();
    drop(out);
    let mut answers = 0;
    while let Some(reply) = patient(replies.message()).await.unwrap() {
        answers += usize::from(reply.answers > 0);
    }
    // The one whose `send` was given up was never taken.
    assert_eq!(answers, sent);
    server.ended().await;
}

#[tokio::test]
async fn cancelling_stops_the_producer() {
    let server = Server::start().await;
    let mut client = server.client().await;
    let mut replies = repeat(&mut client, order(1_000_000, 5, 0)).await;
    read(&mut replies, 3).await;
    drop(replies);
    server.events.cancelled().await;
    let made = server.events.produced();
    sleep(Duration::from_millis(100)).await;
    assert_eq!(server.events.produced(), made, "it went on");
    // The connection is as good as before.
    assert!(greet(&mut client).await.is_ok());

    let (out, requests) = mpsc::channel::<ChatRequest>(1);
    let replies = client.chat(ReceiverStream::new(requests)).await.unwrap();
    drop((replies, out));
    let left = || {
        server
            .events
            .count(|event| matches!(event, Event::Cancelled | Event::Refused(_) | Event::Done))
    };
    until("the chat is over as well", || left() == 2).await;
    server.ended().await;
}

#[tokio::test]
async fn a_lost_connection_stops_the_producer() {
    let server = Server::start().await;
    let client = server.client().await;
    let mut moved = client.clone();
    let mut replies = repeat(&mut moved, order(1_000_000, 5, 0)).await;
    read(&mut replies, 1).await;
    drop((replies, moved, client));
    server.events.cancelled().await;
    server.ended().await;
}

#[tokio::test]
async fn a_deadline_ends_a_stream_in_its_middle() {
    let server = Server::start().await;
    let mut client = server.client().await;
    let mut request = Request::new(order(1000, 50, 0));
    request.set_timeout(Duration::from_millis(400));
    let mut replies = client.repeat(request).await.unwrap().into_inner();
    let (came, status) = failure(&mut replies).await;
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status}");
    assert!((1..20).contains(&came), "{came}");
    server.events.cancelled().await;
    server.ended().await;
}

#[tokio::test]
async fn a_deadline_also_ends_a_stream_that_is_always_ready() {
    let server = Server::start().await;
    let mut client = server.client().await;
    let mut request = Request::new(order(1_000_000, 0, 1000));
    request.set_timeout(Duration::from_millis(300));
    let mut replies = client.repeat(request).await.unwrap().into_inner();
    let (_, status) = failure(&mut replies).await;
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status}");
    server.ended().await;
}

#[tokio::test]
async fn no_call_lasts_longer_than_the_server_allows() {
    let server = Server::limited(Settings {
        longest: Duration::from_millis(300),
        ..Settings::default()
    })
    .await;
    let mut client = server.client().await;
    let mut replies = repeat(&mut client, order(1000, 50, 0)).await;
    let (_, status) = failure(&mut replies).await;
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert_eq!(status.message(), "no call may last longer than 300ms here");
    // Also one whose reply has not begun.
    let (out, requests) = mpsc::channel::<GreetAllRequest>(1);
    let called = patient(client.greet_all(ReceiverStream::new(requests))).await;
    let status = called.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status}");
    drop(out);
    server.ended().await;
}

#[tokio::test]
async fn a_client_that_reads_nothing_for_too_long_gets_a_status() {
    let streams = Streams {
        idle: Duration::from_millis(300),
        ..Streams::default()
    };
    let server = Server::with(streams, Settings::default()).await;
    let mut client = server.client_with(&narrow()).await;
    let mut replies = repeat(&mut client, order(1000, 0, PAYLOAD)).await;
    let refused = Event::Refused("the client has read nothing for 300ms".to_string());
    until("the server has had enough", || server.events.has(&refused)).await;
    let (came, status) = failure(&mut replies).await;
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert_eq!(
        came,
        server.events.produced() - 1,
        "what was made before counts"
    );
    server.ended().await;
}

#[tokio::test]
async fn a_message_over_the_limit_in_the_middle_of_a_stream() {
    let server = Server::start().await;
    let mut client = server.client().await;
    let (out, mut replies) = chat(&mut client).await;
    out.send(text("short")).await.unwrap();
    assert_eq!(next(&mut replies).await.text, "welcome");
    assert_eq!(next(&mut replies).await.text, "hello short");
    out.send(text(&"x".repeat(70_000))).await.unwrap();
    let status = patient(replies.message()).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
    // Only this call: the connection goes on.
    assert!(greet(&mut client).await.is_ok());
    server.ended().await;
}

#[tokio::test]
async fn a_call_too_many_waits_for_a_free_place() {
    let server = Server::limited(Settings {
        streams: 2,
        ..Settings::default()
    })
    .await;
    let client = server.client().await;
    let mut running = Vec::new();
    for _ in 0..2 {
        let mut client = client.clone();
        let mut replies = repeat(&mut client, order(1_000_000, 20, 0)).await;
        read(&mut replies, 1).await;
        running.push(replies);
    }
    let mut third = client.clone();
    let mut call = tokio::spawn(async move { greet(&mut third).await });
    let waited = timeout(Duration::from_millis(300), &mut call).await;
    assert!(waited.is_err(), "a third call got in");
    running.pop();
    assert!(patient(call).await.unwrap().is_ok());
    drop(running);
    server.ended().await;
}
