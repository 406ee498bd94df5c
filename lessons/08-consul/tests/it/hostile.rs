//! Hostile clients: the agent refuses them with an error, registers nothing of theirs, keeps nothing of theirs
//! in memory, and goes on serving all others.
#![cfg(target_os = "linux")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::support::side::{self, Server};
use crate::support::{PATIENCE, soon};
use l08_consul::agent::{Agent, Config};
use serde_json::json;

const MIB: usize = 1 << 20;

fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(server.addr).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Sends bytes and reads until the server closes the connection.
fn exchange(server: &Server, request: &[u8]) -> String {
    let mut stream = connect(server);
    // It may close the connection before it has all of this: its answer counts.
    let _refused_early = stream.write_all(request);
    let mut answer = Vec::new();
    let _reset_after_the_answer = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[track_caller]
fn nothing_is_registered(server: &Server) {
    assert_eq!(server.get("/v1/agent/services").ok_json(), json!({}));
    assert_eq!(server.get("/v1/agent/checks").ok_json(), json!({}));
    let names = server.get("/v1/catalog/services").ok_json();
    assert_eq!(names, json!({"consul": []}));
}

/// A page of `evil.example`, whose name leads to 127.0.0.1 since its second lookup, registers a service. The real
/// Consul does not look at the name, and answers.
#[test]
fn dns_rebinding_is_refused() {
    let server = side::agent(None, None).unwrap();
    let body = r#"{"Name": "evil"}"#;
    let length = body.len();
    let asked = |host: &str, path: &str| {
        let head = format!(
            "PUT {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {length}"
        );
        exchange(&server, format!("{head}\r\n\r\n{body}").as_bytes())
    };
    let answer = asked("evil.example:8500", "/v1/agent/service/register");
    assert!(answer.starts_with("HTTP/1.1 421 "), "{answer}");
    assert!(answer.contains("--host evil.example"), "{answer}");
    nothing_is_registered(&server);
    let answer = asked("127.0.0.1:8500", "/v1/agent/service/register");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

/// 100 MB that are really sent, with their length and without it, to every path that takes a body. The
/// writer goes on for as long as its peer reads, and the answer is read meanwhile.
#[test]
fn a_hundred_megabytes_are_refused_in_words_and_never_kept() {
    let server = side::agent(None, None).unwrap();
    let (_, before) = server.memory();
    for (path, most) in [
        ("/v1/agent/service/register", 2 * MIB),
        ("/v1/agent/check/register", 2 * MIB),
        ("/v1/agent/check/update/x", 2 * MIB),
        ("/v1/catalog/register", 2 * MIB),
        ("/v1/kv/big", MIB / 2),
    ] {
        for (length, named) in [
            ("Content-Length: 104857600", "104857600"),
            ("Transfer-Encoding: chunked", "more"),
        ] {
            let mut stream = connect(&server);
            let head = format!("PUT {path} HTTP/1.1\r\nHost: localhost\r\n{length}\r\n\r\n");
            stream.write_all(head.as_bytes()).unwrap();
            let mut writer = stream.try_clone().unwrap();
            let sending = std::thread::spawn(move || {
                let piece = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
                let pieces = 0..100 * MIB / piece.len();
                pieces
                    .take_while(|_| writer.write_all(piece.as_bytes()).is_ok())
                    .count()
            });
            let mut answer = [0; 1024];
            let count = stream.read(&mut answer).unwrap();
            let answer = String::from_utf8_lossy(&answer[..count]).into_owned();
            assert!(answer.starts_with("HTTP/1.1 413 "), "{path}: {answer}");
            let words = format!("Request body({named} bytes) too large, max size: {most} bytes.");
            assert!(answer.contains(&words), "{path}: {answer}");
            drop(stream.shutdown(std::net::Shutdown::Both));
            let sent = sending.join().unwrap() * 0x10000;
            assert!(
                sent < 90 * MIB,
                "{path}: {sent} bytes went in before it was refused"
            );
        }
    }
    let (now, after) = server.memory();
    println!("10 bodies of 100 MB: at most {before} MiB before, {after} MiB after, {now} MiB now");
    assert!(after < before + 64, "{before} MiB grew to {after} MiB");
    nothing_is_registered(&server);
}

/// A path is what it says after `%2e` and the like are read. Nothing of it is followed here: the client
/// is sent to the clean path, in Consul's own way, and a byte that is no letter is refused.
#[test]
fn a_path_leads_nowhere_but_to_itself() {
    let server = side::agent(None, None).unwrap();
    let body = r#"{"Name": "sneaked"}"#;
    let length = body.len();
    for (path, expected) in [
        ("/v1/kv/../agent/service/register", "301 "),
        ("/v1/kv/%2e%2e/agent/service/register", "301 "),
        ("/v1/kv/..%2fagent%2fservice%2fregister", "301 "),
        ("//v1//agent/service/register", "301 "),
        ("/v1/agent/service/./register", "301 "),
        ("/../../../../etc/passwd", "301 "),
        ("/v1/agent/service/register%00", "400 "),
        ("/v1/agent/service/register%0d%0aX-Evil:%20yes", "400 "),
        ("/v1/agent/service/register%zz", "400 "),
        ("/v1/agent/service/register%ff", "400 "),
        ("/v1/agent/service/register/", "405 "),
        ("/v1/agent/service/register%2f", "405 "),
        ("/V1/agent/service/register", "404 "),
        ("/v1/agent/service/registers", "405 "),
        ("/v1", "404 "),
    ] {
        let request = format!(
            "PUT {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n\
             \r\n{body}"
        );
        let answer = exchange(&server, request.as_bytes());
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {expected}")),
            "{path}: {answer}"
        );
        assert!(
            !answer.to_ascii_lowercase().contains("x-evil"),
            "{path}: {answer}"
        );
    }
    for length in [10_000, 100_000, 2_000_000] {
        let path = "a".repeat(length);
        let get =
            format!("GET /v1/kv/{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        let answer = exchange(&server, get.as_bytes());
        let code = answer.get(..12).unwrap_or("");
        let codes = ["HTTP/1.1 404", "HTTP/1.1 414", "HTTP/1.1 431"];
        assert!(
            code.is_empty() || codes.contains(&code),
            "{length}: {answer}"
        );
    }
    nothing_is_registered(&server);
}

#[test]
fn a_thousand_headers_are_too_many() {
    let server = side::agent(None, None).unwrap();
    let (_, before) = server.memory();
    for (count, code) in [(50, "200 "), (1000, "431 "), (100_000, "431 ")] {
        let headers: String = (0..count).map(|n| format!("X-{n}: 1\r\n")).collect();
        let get = "GET /v1/status/leader HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";
        let answer = exchange(&server, format!("{get}{headers}\r\n").as_bytes());
        // A connection that is reset while the rest is still being sent has refused as well.
        let refused = answer.is_empty() && count > 1000;
        assert!(
            refused || answer.starts_with(&format!("HTTP/1.1 {code}")),
            "{count}: {answer}"
        );
    }
    let (_, after) = server.memory();
    assert!(after < before + 32, "{before} MiB grew to {after} MiB");
    nothing_is_registered(&server);
}

#[test]
fn a_thousand_idle_connections_cost_little_and_stop_no_other() {
    let server = side::agent(None, None).unwrap();
    let (before, _) = server.memory();
    // Half of them say nothing, half begin a request and stop.
    let idle: Vec<TcpStream> = (0..1000)
        .map(|n| {
            let mut stream = connect(&server);
            if n % 2 == 0 {
                stream.write_all(b"PUT /v1/agent/service/reg").unwrap();
            }
            stream
        })
        .collect();
    let asked = Instant::now();
    server.get("/v1/status/leader").must_be(200);
    let took = asked.elapsed();
    let (after, _) = server.memory();
    println!(
        "1,000 idle connections: {before} MiB before, {after} MiB with them, {took:.0?} to answer"
    );
    assert!(after < before + 64, "{before} MiB grew to {after} MiB");
    assert!(took < Duration::from_secs(10), "{took:?}");
    drop(idle);
    soon("their places are free again", || {
        let (now, _) = server.memory();
        server.get("/v1/status/leader").must_be(200);
        // The allocator keeps what it got: closing a thousand connections can take a little more, and no more than that.
        (now <= after + 4).then_some(())
    });
    nothing_is_registered(&server);
}

/// A slow loris: a byte now and then, so that the head never ends. Its time is counted from the first
/// byte, whatever comes after it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_never_ends_is_cut_off() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let config = Config {
        head_timeout: Duration::from_secs(1),
        ..Config::default()
    };
    let agent = Agent::start(config).await.unwrap();
    let mut slow = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let stream = tokio::net::TcpStream::connect(agent.address())
            .await
            .unwrap();
        slow.spawn(async move {
            let (mut reader, mut writer) = stream.into_split();
            let drip = async {
                let _ = writer
                    .write_all(b"GET /v1/status/leader HTTP/1.1\r\n")
                    .await;
                while writer.write_all(b"X-Slow: x\r\n").await.is_ok() {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            };
            let mut answer = Vec::new();
            tokio::select! {
                () = drip => {}
                _ = reader.read_to_end(&mut answer) => {}
            }
            String::from_utf8_lossy(&answer).into_owned()
        });
    }
    let all = tokio::time::timeout(PATIENCE, slow.join_all()).await;
    for answer in all.expect("cut off long before") {
        assert!(!answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
}
