//! The tokio server and client, over real sockets, in the same scenarios as the blocking one.

use std::net::TcpListener;
use std::sync::mpsc;
use std::thread;

use l01_tcp::nonblocking::{Client, serve};
use l01_tcp::protocol::Settings;
use testkit::PATIENCE;
use tokio::sync::oneshot;

use crate::scenarios;
use crate::scenarios::Server;

/// The server runs on a thread with a runtime of its own, so the scenarios need not know it.
fn start(settings: Settings) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let addr = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let (done, returned) = mpsc::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        done.send(runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            let shutdown = async {
                let _ = stopped.await;
            };
            serve(listener, settings, shutdown).await
        }))
    });
    Server {
        addr,
        stop: Box::new(move || drop(stop)),
        returned,
    }
}

#[test]
fn many_clients_at_once() {
    scenarios::many_clients_at_once(start);
}

#[test]
fn split_and_joined_writes() {
    scenarios::split_and_joined_writes(start);
}

#[test]
fn half_close_still_gets_the_answer() {
    scenarios::half_close_still_gets_the_answer(start);
}

#[test]
fn too_long_a_line() {
    scenarios::too_long_a_line(start);
}

#[test]
fn invalid_utf8() {
    scenarios::invalid_utf8(start);
}

#[test]
fn slow_clients_are_evicted() {
    scenarios::slow_clients_are_evicted(start);
}

#[test]
fn the_connection_limit() {
    scenarios::the_connection_limit(start);
}

#[test]
fn shutdown_ends_everything() {
    scenarios::shutdown_ends_everything(start);
}

#[tokio::test]
async fn client_and_server_meet() {
    let server = start(Settings::default());
    let mut client = Client::connect(server.addr, PATIENCE).await.unwrap();
    assert_eq!(client.greet("wire").await.unwrap(), "wire hello world");
    assert_eq!(client.greet("你好").await.unwrap(), "你好 hello world");
    client.finish().await.unwrap();
}

#[tokio::test]
async fn a_silent_server_times_out() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let timeout = std::time::Duration::from_millis(50);
    let mut client = Client::connect(addr, timeout).await.unwrap();
    let error = client.greet("wire").await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
}
