//! Clients that break the protocol, or send nothing. Whatever one of them does, the others are served.

use std::time::Duration;

use crate::running::{Server, greet, order, patient, until};
use l07_streaming::client;
use l07_streaming::observe::Event;
use l07_streaming::pb::GreetRequest;
use l07_streaming::server::Settings;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tonic::{Code, Request};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const NO_SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];

async fn still_serves(server: &Server) {
    let mut client = server.client().await;
    assert_eq!(greet(&mut client).await.unwrap(), "hello wire");
}

async fn dial(server: &Server) -> TcpStream {
    TcpStream::connect(server.addr).await.unwrap()
}

/// One frame of HTTP/2.
fn frame(kind: u8, flags: u8, stream: u32, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), body].concat()
}

/// `POST` to this method, with every header written out.
fn headers(path: &str) -> Vec<u8> {
    let mut block = vec![0x83, 0x86];
    for (name, value) in [
        (":path", path),
        (":authority", "localhost"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
    ] {
        block.push(0x10);
        for text in [name, value] {
            block.push(u8::try_from(text.len()).unwrap());
            block.extend_from_slice(text.as_bytes());
        }
    }
    block
}

#[tokio::test]
async fn noise_is_no_reason_to_stop() {
    let server = Server::start().await;
    for noise in [
        &b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"[..],
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a handshake of TLS, nearly",
        &[0xff; 4000],
        &[PREFACE, &[0xff; 400]].concat(),
        &[PREFACE, &NO_SETTINGS, &frame(1, 5, 1, &[0x80; 40])].concat(),
        // A gigabyte is announced in a message of a call.
        &[
            PREFACE,
            &NO_SETTINGS,
            &frame(1, 4, 1, &headers("/stream.v1.StreamService/Chat")),
            &frame(0, 0, 1, &[0, 0x40, 0, 0, 0, 1, 2, 3]),
            &frame(9, 4, 3, &[]),
        ]
        .concat(),
    ] {
        let mut stream = dial(&server).await;
        let _ = stream.write_all(noise).await;
        let mut rest = Vec::new();
        // The server closes the connection, with or without a reason.
        let _ = patient(stream.read_to_end(&mut rest)).await;
    }
    still_serves(&server).await;
    server.ended().await;
}

#[tokio::test]
async fn a_silent_client_loses_its_connection() {
    let server = Server::limited(Settings {
        handshake: Duration::from_millis(200),
        connections: 3,
        ..Settings::default()
    })
    .await;
    let mut silent = Vec::new();
    for said in [&b""[..], b"PRI *", PREFACE.split_at(23).0] {
        let mut stream = dial(&server).await;
        stream.write_all(said).await.unwrap();
        silent.push(stream);
    }
    for stream in &mut silent {
        let mut rest = Vec::new();
        let _ = patient(stream.read_to_end(&mut rest)).await;
    }
    still_serves(&server).await;
    server.ended().await;
}

#[tokio::test]
async fn a_connection_too_many_is_sent_away_at_once() {
    let server = Server::limited(Settings {
        connections: 2,
        ..Settings::default()
    })
    .await;
    let (mut one, mut two) = (server.client().await, server.client().await);
    for client in [&mut one, &mut two] {
        assert!(greet(client).await.is_ok());
    }
    let settings = client::Settings::default();
    // The system accepts, and the server closes: the client sees that when it connects, or in the call.
    if let Ok(mut third) = client::connect(server.addr, &settings).await {
        let words = client::words(&greet(&mut third).await.unwrap_err());
        assert!(words.starts_with("Unavailable"), "{words}");
    }
    drop(one);
    let mut served = false;
    // A moment after the close there is a free connection.
    for _ in 0..400 {
        if let Ok(mut client) = client::connect(server.addr, &settings).await {
            served = greet(&mut client).await.is_ok();
        }
        if served {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(served);
    drop(two);
    server.ended().await;
}

#[tokio::test]
async fn who_ignores_the_limit_of_calls_is_refused() {
    let server = Server::limited(Settings {
        streams: 2,
        ..Settings::default()
    })
    .await;
    let mut stream = dial(&server).await;
    stream
        .write_all(&[PREFACE, &NO_SETTINGS].concat())
        .await
        .unwrap();
    // Three chats that never say anything.
    for id in [1, 3, 5] {
        let call = frame(1, 4, id, &headers("/stream.v1.StreamService/Chat"));
        stream.write_all(&call).await.unwrap();
    }
    let (mut refused, mut settings_seen) = (None, false);
    while refused.is_none() {
        let mut head = [0; 9];
        patient(stream.read_exact(&mut head)).await.unwrap();
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let mut body = vec![0; length];
        patient(stream.read_exact(&mut body)).await.unwrap();
        let id = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        match head[3] {
            // SETTINGS: the limit was told.
            4 if head[4] == 0 => {
                settings_seen = body.windows(6).any(|six| six == [0, 3, 0, 0, 0, 2])
            }
            // RST_STREAM, REFUSED_STREAM: safe to try again.
            3 => refused = Some((id, body)),
            _ => {}
        }
    }
    assert!(settings_seen);
    assert_eq!(refused, Some((5, vec![0, 0, 0, 7])));
    drop(stream);
    until("two chats have begun, and are over", || {
        server.events.all().len() >= 4
    })
    .await;
    still_serves(&server).await;
    server.ended().await;
}

#[tokio::test]
async fn headers_have_an_end() {
    let server = Server::start().await;
    let mut client = server.client().await;
    let mut request = Request::new(GreetRequest {
        name: "wire".to_string(),
    });
    let long = "x".repeat(20_000).parse().unwrap();
    request.metadata_mut().insert("x-long", long);
    assert!(patient(client.greet(request)).await.is_err());
    still_serves(&server).await;
    server.ended().await;
}

#[tokio::test]
async fn a_deadline_that_is_none_is_an_error_and_no_crash() {
    let server = Server::start().await;
    let mut client = server.client().await;
    for text in ["soon", "", "-1S", "999999999S", "1 S", "1x"] {
        let mut request = Request::new(GreetRequest {
            name: "wire".to_string(),
        });
        request
            .metadata_mut()
            .insert("grpc-timeout", text.parse().unwrap());
        let status = patient(client.greet(request)).await.unwrap_err();
        assert_eq!(status.code(), Code::Internal, "{text:?}: {status}");
    }
    still_serves(&server).await;
    server.ended().await;
}

#[tokio::test]
async fn a_thousand_calls_that_are_begun_and_dropped() {
    let server = Server::start().await;
    let client = server.client().await;
    for _ in 0..1000 {
        let mut client = client.clone();
        let call = client.repeat(order(1_000_000, 1000, 0));
        if let Ok(replies) = patient(call).await {
            drop(replies);
        }
    }
    // All producers were stopped.
    let count = |event| server.events.count(|seen| *seen == event);
    let over = || count(Event::Began) > 0 && count(Event::Began) == count(Event::Cancelled);
    until("every call that began has ended", over).await;
    still_serves(&server).await;
    server.ended().await;
}
