//! The role `server` on the command line: started, asked, ended, and its error messages.

use std::net::TcpListener;
use std::process::Command;

use redis::TypedCommands;
use testkit::program::{self, PATIENCE, Server};

fn l15_redis(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_l15-redis"));
    command.args(words);
    command
}

fn connect(server: &Server) -> redis::Connection {
    let client = redis::Client::open(format!("redis://{}/", server.addr)).unwrap();
    client.get_connection().unwrap()
}

#[test]
fn it_serves_until_it_is_told_to_end() {
    for signal in ["INT", "TERM"] {
        let mut server = Server::start(l15_redis(&["server", "--addr", "127.0.0.1:0"]));
        let mut line = connect(&server);
        line.set("a", 1).unwrap();
        assert_eq!(line.get("a").unwrap().as_deref(), Some("1"));
        server.program.signal(signal);
        assert!(server.program.ends(PATIENCE).success(), "{signal}");
        assert!(
            line.get("a").is_err(),
            "the connection has outlived the server"
        );
        // Its port is free at once, though it had a connection.
        let addr = server.addr.to_string();
        let again = Server::start(l15_redis(&["server", "--addr", &addr]));
        assert_eq!(connect(&again).get("a").unwrap(), None);
    }
}

#[test]
fn its_limits_can_be_chosen() {
    let words = [
        "server",
        "--addr",
        "127.0.0.1:0",
        "--maxmemory",
        "1000",
        "--maxclients",
        "2",
    ];
    let server = Server::start(l15_redis(&words));
    let mut line = connect(&server);
    line.set("a", "x".repeat(1000)).unwrap();
    let refused = line.set("b", 1).unwrap_err();
    assert!(refused.to_string().contains("maxmemory"), "{refused}");
    let _second = connect(&server);
    let client = redis::Client::open(format!("redis://{}/", server.addr)).unwrap();
    assert!(client.get_connection().is_err());
}

#[test]
fn a_taken_port_is_a_clear_error() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    let (good, out, err) = program::run(&mut l15_redis(&["server", "--addr", &addr]));
    assert!(!good);
    assert_eq!(out, "");
    let words = format!("cannot listen on {addr}: another program listens there");
    assert!(err.contains(&words), "{err}");
}

#[test]
fn help_helps_and_mistakes_point_to_it() {
    let (good, out, _) = program::run(&mut l15_redis(&["server", "--help"]));
    assert!(good);
    assert!(out.lines().all(|line| line.chars().count() <= 100), "{out}");
    for words in [
        "--addr ADDR",
        "--maxmemory",
        "--maxclients",
        "redis-cli",
        "Ctrl-C",
    ] {
        assert!(out.contains(words), "{words:?} is missing in\n{out}");
    }
    for (words, said) in [
        (
            &["server", "--nonsense"][..],
            "there is no option `--nonsense`; `server --help`",
        ),
        (&["server", "now"], "`now` is one word too many"),
        (
            &["server", "--addr", "6379"],
            "an address looks like 127.0.0.1:6379",
        ),
        (
            &["server", "--addr", "127.0.0.1:http"],
            "an address looks like 127.0.0.1:6379",
        ),
        (&["server", "--maxmemory", "much"], "much"),
        (&["server", "--addr"], "--addr"),
    ] {
        let (good, _, err) = program::run(&mut l15_redis(words));
        assert!(!good && err.contains(said), "{words:?}: {err}");
    }
}

/// The same server inside a program, as tests and later lessons have it.
#[tokio::test]
async fn stopped_it_has_cut_everyone_and_given_its_port_back() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let config = l15_redis::server::Config::default();
    let server = l15_redis::server::Server::start(config).await.unwrap();
    let addr = server.address();
    let mut lines = Vec::new();
    for _ in 0..50 {
        let mut line = tokio::net::TcpStream::connect(addr).await.unwrap();
        line.write_all(b"PING\r\n").await.unwrap();
        let mut answer = [0; 7];
        line.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"+PONG\r\n");
        lines.push(line);
    }
    server.stop().await;
    for mut line in lines {
        assert!(matches!(line.read(&mut [0]).await, Ok(0) | Err(_)));
    }
    let config = l15_redis::server::Config {
        addr: addr.to_string(),
        ..Default::default()
    };
    let again = l15_redis::server::Server::start(config).await.unwrap();
    assert_eq!(again.address(), addr);
    drop(again);
    // Dropped is soon as good as stopped.
    while tokio::net::TcpStream::connect(addr).await.is_ok() {
        tokio::task::yield_now().await;
    }
}
