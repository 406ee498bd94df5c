//! The blocking server and client, over real sockets.

use std::net::TcpListener;
use std::sync::mpsc;
use std::thread;

use l01_tcp::blocking::{Client, serve};
use l01_tcp::protocol::Settings;
use testkit::{PATIENCE, case};

use crate::scenarios;
use crate::scenarios::Server;

fn start(settings: Settings) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let (stop, shutdown) = mpsc::channel();
    let (done, returned) = mpsc::channel();
    thread::spawn(move || done.send(serve(listener, settings, shutdown)));
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

#[test]
fn client_and_server_meet() {
    let server = start(Settings::default());
    let mut client = Client::connect(server.addr, PATIENCE).unwrap();
    assert_eq!(client.greet("wire").unwrap(), "wire hello world");
    assert_eq!(client.greet("你好").unwrap(), "你好 hello world");
    client.finish().unwrap();
}

#[test]
fn the_client_takes_an_answer_in_pieces() {
    case("A server that answers byte by byte", |case| {
        let listening = case.listen();
        let addr = listening.addr();
        let answer = case.start("greet", move || {
            Client::connect(addr, PATIENCE)?.greet("wire")
        });
        let mut server = listening.accept(&[]);
        server.expect("wire\n", &[]);
        server.send_byte_by_byte("wire hello world\n", std::time::Duration::from_millis(1));
        assert_eq!(answer.within(PATIENCE, "").unwrap(), "wire hello world");
    });
}

#[test]
fn the_client_says_what_went_wrong() {
    case(
        "A server that closes the connection in the middle of its answer",
        |case| {
            let listening = case.listen();
            let addr = listening.addr();
            let answer = case.start("greet", move || {
                Client::connect(addr, PATIENCE)?.greet("wire")
            });
            let mut server = listening.accept(&[]);
            server.expect("wire\n", &[]);
            server.send("wire hel");
            server.close();
            let error = answer.within(PATIENCE, "").unwrap_err();
            assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof);
        },
    );
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let mut client = Client::connect(addr, PATIENCE).unwrap();
    let error = client.greet("two\nnames").unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
}

#[test]
fn a_silent_server_is_not_waited_for_for_ever() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let mut client = Client::connect(addr, std::time::Duration::from_millis(50)).unwrap();
    let error = client.greet("wire").unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
    assert_eq!(error.to_string(), "no answer came in time");
}
