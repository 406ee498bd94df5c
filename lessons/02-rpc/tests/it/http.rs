//! RPC behind HTTP: a browser and an RPC client on the same port.

use std::time::Duration;

use l01_tcp::frame;
use l02_rpc::client::Client;
use l02_rpc::server::{Handshake, Settings};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::running::{Server, greeter, in_time};

async fn start(settings: Settings) -> Server {
    Server::with(Handshake::HttpConnect, greeter(), settings).await
}

/// Sends this and returns everything that comes back.
async fn ask(server: &Server, request: &str) -> String {
    let mut stream = TcpStream::connect(server.addr).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    in_time(stream.read_to_string(&mut answer)).await.unwrap();
    answer
}

#[tokio::test]
async fn a_browser_gets_a_page_and_a_caller_its_value() {
    let server = start(Settings::default()).await;
    let page = ask(&server, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n"), "{page}");
    assert!(page.contains("\r\nContent-Length: 12\r\n"), "{page}");
    assert!(page.ends_with("\r\n\r\nhello world!"), "{page}");

    let client = Client::connect_http(server.addr, Settings::default())
        .await
        .unwrap();
    assert_eq!(client.call::<u32>("Panda.GetInfo", &100u32).await, Ok(200));
    let page = ask(&server, "GET / HTTP/1.0\r\n\r\n").await;
    assert!(page.ends_with("hello world!"), "{page}");
    assert_eq!(client.call::<u32>("Panda.GetInfo", &7u32).await, Ok(14));
}

#[tokio::test]
async fn any_other_request_gets_a_status_and_the_end() {
    let server = start(Settings::default()).await;
    for (request, status) in [
        ("GET /nothing HTTP/1.1\r\n\r\n", "HTTP/1.1 404 "),
        ("CONNECT example.org:443 HTTP/1.1\r\n\r\n", "HTTP/1.1 404 "),
        ("POST / HTTP/1.1\r\n\r\n", "HTTP/1.1 405 "),
        ("hello\r\n\r\n", "HTTP/1.1 400 "),
        ("\r\n", "HTTP/1.1 400 "),
    ] {
        let answer = ask(&server, request).await;
        assert!(answer.starts_with(status), "{request:?}: {answer}");
    }
}

#[tokio::test]
async fn the_first_frame_may_come_right_behind_the_head_and_in_pieces() {
    let server = start(Settings::default()).await;
    let mut wire = b"CONNECT /_rpc_ HTTP/1.1\r\nHost: a\r\n\r\n".to_vec();
    wire.extend(b"\0\0\0\x11\x05\x0dPanda.GetInfo\x01\x64");
    let mut stream = TcpStream::connect(server.addr).await.unwrap();
    stream.set_nodelay(true).unwrap();
    for piece in wire.chunks(7) {
        stream.write_all(piece).await.unwrap();
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let mut head = [0; b"HTTP/1.1 200 Connected to RPC\r\n\r\n".len()];
    in_time(stream.read_exact(&mut head)).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 200 Connected to RPC\r\n\r\n");
    let reply = in_time(frame::read_async(&mut stream, 100)).await.unwrap();
    assert_eq!(reply.unwrap(), b"\x05\x00\x02\xc8\x01");
}

#[tokio::test]
async fn a_head_has_a_deadline() {
    let settings = Settings {
        frame_timeout: Duration::from_millis(50),
        ..Settings::default()
    };
    let server = start(settings).await;
    assert_eq!(ask(&server, "GET / HTT").await, "");
}

#[tokio::test]
async fn a_server_without_rpc_is_a_clear_error() {
    let plain = Server::start(greeter(), Settings::default()).await;
    let wrong = in_time(Client::connect_http(plain.addr, Settings::default())).await;
    assert!(wrong.is_err());
    // A web server without RPC.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let answer = b"HTTP/1.1 404 Not Found\r\n\r\n";
        stream.write_all(answer).await.unwrap();
        let _ = stream.read(&mut [0; 1024]).await;
    });
    let wrong = Client::connect_http(addr, Settings::default()).await;
    let words = wrong.err().unwrap().to_string();
    assert_eq!(words, "this server offers no RPC: HTTP/1.1 404 Not Found");
}
