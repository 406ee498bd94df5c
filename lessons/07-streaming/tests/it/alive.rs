//! Keepalive: a connection can be dead while neither side gets an error, because the cable is out or the
//! machine is off. Only a PING finds that. The wire of these tests stops forwarding without closing a socket.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::running::{Server, chat, next, order, patient, repeat, text, until};
use l07_streaming::client;
use l07_streaming::observe::Event;
use l07_streaming::server::Settings;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tonic::Code;

/// A wire that can be pulled out: it then neither carries nor closes.
struct Wire {
    addr: SocketAddr,
    pull: Arc<Notify>,
}

async fn wire(to: SocketAddr) -> Wire {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let pull = Arc::new(Notify::new());
    let pulled = Arc::clone(&pull);
    tokio::spawn(async move {
        let (mut near, _) = listener.accept().await.unwrap();
        let mut far = TcpStream::connect(to).await.unwrap();
        tokio::select! {
            _ = copy_bidirectional(&mut near, &mut far) => {}
            () = pulled.notified() => {}
        }
        // Both sockets stay open: neither side gets an end or an error.
        std::future::pending::<()>().await;
    });
    Wire { addr, pull }
}

const PING: Duration = Duration::from_millis(200);

#[tokio::test]
async fn the_server_notices_a_dead_client() {
    let server = Server::limited(Settings {
        ping: PING,
        pong: PING,
        ..Settings::default()
    })
    .await;
    let wire = wire(server.addr).await;
    let mut client = client::connect(wire.addr, &client::Settings::default())
        .await
        .unwrap();
    let (out, mut replies) = chat(&mut client).await;
    out.send(text("hello")).await.unwrap();
    for _ in 0..2 {
        next(&mut replies).await;
    }
    // Longer than a ping and its answer: a living client is left in peace.
    tokio::time::sleep(PING * 5).await;
    let over = || {
        server
            .events
            .count(|event| matches!(event, Event::Cancelled | Event::Refused(_)))
    };
    assert_eq!(over(), 0);
    wire.pull.notify_one();
    until("the chat is over", || over() == 1).await;
    server.ended().await;
}

#[tokio::test]
async fn the_client_notices_a_dead_server() {
    let server = Server::start().await;
    let wire = wire(server.addr).await;
    let settings = client::Settings {
        ping: PING,
        pong: PING,
        ..client::Settings::default()
    };
    let mut client = client::connect(wire.addr, &settings).await.unwrap();
    let mut replies = repeat(&mut client, order(100, 1000, 0)).await;
    next(&mut replies).await;
    wire.pull.notify_one();
    // Without a PING this would wait without limit: a dead server looks like a slow one.
    let status = patient(replies.message()).await.unwrap_err();
    let words = client::words(&status);
    assert!(
        words.starts_with("Unavailable: the connection is lost"),
        "{words}"
    );
    assert_ne!(status.code(), Code::Ok);
}

#[tokio::test]
async fn a_client_that_only_answers_pings_is_alive() {
    let server = Server::limited(Settings {
        ping: PING,
        pong: PING,
        ..Settings::default()
    })
    .await;
    // By hand: the preface, SETTINGS, and then an answer to each PING and nothing else.
    let mut stream = TcpStream::connect(server.addr).await.unwrap();
    stream
        .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        .await
        .unwrap();
    stream
        .write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0])
        .await
        .unwrap();
    let mut pings = 0;
    while pings < 5 {
        let mut head = [0; 9];
        patient(stream.read_exact(&mut head)).await.unwrap();
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let mut body = vec![0; length];
        patient(stream.read_exact(&mut body)).await.unwrap();
        if head[3] == 6 && head[4] & 1 == 0 {
            pings += 1;
            let answer = [&[0, 0, 8, 6, 1, 0, 0, 0, 0][..], &body].concat();
            stream.write_all(&answer).await.unwrap();
        }
    }
    // And now it does not even do that.
    let mut rest = Vec::new();
    let _ = patient(stream.read_to_end(&mut rest)).await;
    drop(stream);
    server.ended().await;
}
