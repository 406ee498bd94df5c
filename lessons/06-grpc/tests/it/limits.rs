//! The limits of the server: first against gRPC clients that ask for too much, then against connections that
//! break the protocol or send nothing.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::support::{L06, Server, WIRE, by_hand, full, within};
use l06_grpc::client::{Client, Options};
use l06_grpc::pb::greeter::greeter_client::GreeterClient;
use l06_grpc::pb::greeter::greeter_server::{Greeter, GreeterServer};
use l06_grpc::pb::greeter::{HelloReply, HelloRequest};
use l06_grpc::server::{MESSAGE, Settings};
use testkit::program::PATIENCE;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tonic::codec::CompressionEncoding::Gzip;
use tonic::service::RoutesBuilder;
use tonic::{Code, Request, Response, Status};

const SAY_HELLO: &str = "/greeter.v1.Greeter/SayHello";

/// What every HTTP/2 client says first: the preface, and settings without a wish.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// The server still greets.
async fn expect_well(addr: SocketAddr) {
    let client = within(Client::connect(addr, Options::default()))
        .await
        .unwrap();
    let reply = within(client.greet("Ada")).await.unwrap();
    assert_eq!(reply.into_inner().message, "hello Ada");
}

// ---- too much

/// Answers with this many letters, and counts who is there at the same time.
#[derive(Clone, Default)]
struct Wordy {
    letters: usize,
    now: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
    time: Duration,
}

#[tonic::async_trait]
impl Greeter for Wordy {
    async fn say_hello(
        &self,
        _request: Request<HelloRequest>,
    ) -> Result<Response<HelloReply>, Status> {
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        sleep(self.time).await;
        self.now.fetch_sub(1, Ordering::SeqCst);
        let message = "a".repeat(self.letters);
        Ok(Response::new(HelloReply { message }))
    }
}

#[tokio::test]
async fn a_message_that_is_too_long_is_resource_exhausted() {
    // There: refused by the server, however it is packed.
    let server = Server::start(Settings::default()).await;
    let channel = server.client().await.channel();
    for gzip in [false, true] {
        let mut client = GreeterClient::new(channel.clone());
        if gzip {
            client = client.send_compressed(Gzip);
        }
        let name = "a".repeat(MESSAGE + 1);
        let status = within(client.say_hello(HelloRequest { name }))
            .await
            .unwrap_err();
        assert_eq!(
            status.code(),
            Code::ResourceExhausted,
            "gzip {gzip}: {status:?}"
        );
    }

    // Back: refused by the server that would send it, and by a client that is sent it.
    for limit in [MESSAGE, usize::MAX] {
        let wordy = Wordy {
            letters: MESSAGE + 1,
            ..Wordy::default()
        };
        let mut routes = RoutesBuilder::default();
        routes.add_service(GreeterServer::new(wordy).max_encoding_message_size(limit));
        let server = Server::of(routes.routes(), Settings::default()).await;
        let status = within(server.client().await.greet("Ada"))
            .await
            .unwrap_err();
        assert_eq!(
            status.code(),
            Code::ResourceExhausted,
            "{limit}: {status:?}"
        );
    }
}

#[tokio::test]
async fn calls_of_one_connection_are_limited_and_wait() {
    let wordy = Wordy {
        time: Duration::from_millis(30),
        ..Wordy::default()
    };
    let mut routes = RoutesBuilder::default();
    routes.add_service(GreeterServer::new(wordy.clone()));
    let settings = Settings {
        streams: 3,
        ..Settings::default()
    };
    let server = Server::of(routes.routes(), settings).await;
    let client = server.client().await;
    // The limit is in the first frame of the server; a first call makes sure that it has come.
    client.greet("Ada").await.unwrap();
    let mut calls = JoinSet::new();
    for _ in 0..20 {
        let client = client.clone();
        calls.spawn(async move { client.greet("Ada").await });
    }
    while let Some(call) = within(calls.join_next()).await {
        call.unwrap().unwrap();
    }
    assert_eq!(wordy.most.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn connections_are_limited_and_a_free_seat_is_free_again() {
    let settings = Settings {
        connections: 2,
        ..Settings::default()
    };
    let server = Server::start(settings).await;
    let (first, second) = (server.client().await, server.client().await);
    first.greet("Ada").await.unwrap();
    second.greet("Ada").await.unwrap();
    let third = server.client().await;
    let status = within(third.say("Ada")).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    drop(first);
    let soon = async {
        while third.say("Ada").await.is_err() {
            sleep(Duration::from_millis(20)).await;
        }
    };
    within(soon).await;
    second.greet("Ada").await.unwrap();
}

// ---- no good

/// A server with short timeouts.
async fn strict() -> Server {
    let settings = Settings {
        handshake: Duration::from_millis(200),
        ping: Duration::from_millis(200),
        pong: Duration::from_millis(200),
        longest: Duration::from_millis(400),
        ..Settings::default()
    };
    Server::start(settings).await
}

/// Sends these bytes, and waits until the server has ended the connection.
async fn expect_end(addr: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    // The server may close the connection in the middle.
    let _ = stream.write_all(bytes).await;
    let mut got = Vec::new();
    let _ = within(stream.read_to_end(&mut got)).await;
    got
}

#[tokio::test]
async fn who_does_not_speak_http_2_is_sent_away() {
    let server = strict().await;
    let noise: Vec<u8> = (0..=250_u8).cycle().step_by(31).take(100_000).collect();
    for bytes in [
        &b""[..],
        b"P",
        &PREFACE[..23],
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\r\n\r\n",
        &noise,
    ] {
        expect_end(server.addr, bytes).await;
        expect_well(server.addr).await;
    }
}

#[tokio::test]
async fn who_says_hello_and_falls_silent_is_sent_away() {
    let server = strict().await;
    let got = expect_end(server.addr, PREFACE).await;
    assert!(got.len() >= 9, "the server's settings come first: {got:?}");
    // The same in the middle of a frame, and in the middle of a call.
    expect_end(server.addr, &[PREFACE, &[0, 0, 50, 1]].concat()).await;
    let headers_without_an_end = [PREFACE, &[0, 0, 1, 1, 0, 0, 0, 0, 1, 0x83]].concat();
    expect_end(server.addr, &headers_without_an_end).await;
    expect_well(server.addr).await;
}

#[tokio::test]
async fn frames_that_break_the_rules_end_the_connection() {
    let server = strict().await;
    let frame = |length: [u8; 3], kind: u8, flags: u8, stream: u8| {
        [&length[..], &[kind, flags, 0, 0, 0, stream]].concat()
    };
    let endless = frame([0, 64, 0], 9, 0, 1);
    let mut continuations = [PREFACE, &frame([0, 0, 1], 1, 0, 1), &[0x83]].concat();
    for _ in 0..500 {
        continuations.extend_from_slice(&endless);
        continuations.extend(std::iter::repeat_n(0x83, 64 << 8));
    }
    let resets: Vec<u8> = (0..5000_u32)
        .flat_map(|n| {
            let id = (2 * n + 1).to_be_bytes();
            let open = [&[0, 0, 3, 1, 5][..], &id, &[0x83, 0x86, 0x84]].concat();
            [open, [&[0, 0, 4, 3, 0][..], &id, &[0, 0, 0, 8]].concat()].concat()
        })
        .collect();
    for (what, bytes) in [
        ("a frame of 16 MB", frame([255, 255, 255], 0, 0, 1)),
        (
            "data for no call",
            [frame([0, 0, 1], 0, 0, 1), vec![0]].concat(),
        ),
        (
            "headers for call 0",
            [frame([0, 0, 1], 1, 4, 0), vec![0x83]].concat(),
        ),
        (
            "headers of nonsense",
            [frame([0, 0, 4], 1, 4, 1), vec![255; 4]].concat(),
        ),
        ("calls that are opened and cancelled", resets),
    ] {
        let got = expect_end(server.addr, &[PREFACE, &bytes].concat()).await;
        assert!(!got.is_empty(), "{what}");
    }
    expect_end(server.addr, &continuations).await;
    expect_well(server.addr).await;
}

#[tokio::test]
async fn headers_are_limited() {
    let server = strict().await;
    let channel = server.client().await.channel();
    let long = vec![b'a'; 20 << 10];
    let mut headers = Request::new(HelloRequest {
        name: "Ada".to_string(),
    });
    let value = String::from_utf8(long).unwrap().parse().unwrap();
    headers.metadata_mut().insert("x-long", value);
    let outcome = within(GreeterClient::new(channel).say_hello(headers)).await;
    // 431 of HTTP, or a reset: it must not be an answer.
    assert!(outcome.is_err(), "{outcome:?}");
    expect_well(server.addr).await;
}

#[tokio::test]
async fn a_length_is_not_believed() {
    let server = strict().await;
    let channel = server.client().await.channel();
    let answer = by_hand(&channel, SAY_HELLO, &[], full(b"\0\xff\xff\xff\xff")).await;
    assert_eq!(answer.code, Code::ResourceExhausted);
}

#[tokio::test]
async fn who_sends_a_message_too_slowly_runs_out_of_time() {
    let server = strict().await;
    let channel = server.client().await.channel();
    let (send, bytes) = tokio::sync::mpsc::channel(1);
    let bytes = tokio_stream::wrappers::ReceiverStream::new(bytes);
    let drip = tokio::spawn(async move {
        for byte in WIRE {
            let byte = tonic::codegen::Bytes::copy_from_slice(&[*byte]);
            let frame = Ok::<_, Status>(hyper::body::Frame::data(byte));
            if send.send(frame).await.is_err() {
                return;
            }
            sleep(Duration::from_millis(100)).await;
        }
    });
    let body = tonic::body::Body::new(http_body_util::StreamBody::new(bytes));
    let answer = by_hand(&channel, SAY_HELLO, &[], body).await;
    assert_eq!(answer.code, Code::DeadlineExceeded);
    drip.abort();
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn all_of_it_together_costs_little_memory() {
    let server = L06.server(&["--handshake-ms", "2000", "--longest-ms", "2000"]);
    let before = server.program.most_memory();
    let addr = server.addr;
    let mut clients = JoinSet::new();
    for client in 0..150 {
        clients.spawn(async move {
            if client % 3 == 0 {
                expect_end(addr, &vec![0xff; 1 << 20]).await;
                return;
            }
            let client = Client::connect(addr, Options::default()).await;
            let Ok(client) = client else { return };
            for _ in 0..20 {
                let channel = client.channel();
                let answer = by_hand(&channel, SAY_HELLO, &[], full(b"\0\xff\xff\xff\xff")).await;
                assert_eq!(answer.code, Code::ResourceExhausted);
            }
        });
    }
    while let Some(done) = tokio::time::timeout(PATIENCE * 2, clients.join_next())
        .await
        .unwrap()
    {
        done.unwrap();
    }
    let grown = server.program.most_memory() - before;
    assert!(grown < 100 << 20, "{} MB more", grown >> 20);
    expect_well(addr).await;
}
