//! Peers that attack or have a bug: an error by the specification or a closed connection, never a
//! panic, and never more memory than the limits allow.

use std::time::{Duration, Instant};

use l03_json_rpc::client::{CallError, Client, Dialect};
use serde_json::{Value, json};
use testkit::program::PATIENCE;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{Ours, exchange};

const GOOD: &str = r#"{"jsonrpc":"2.0","method":"Panda.GetInfo","params":[100],"id":1}"#;

fn replies(addr: std::net::SocketAddr, text: &[u8]) -> Vec<Value> {
    let got = exchange(addr, text);
    let values = serde_json::Deserializer::from_slice(&got).into_iter();
    values.map(|value| value.expect("JSON")).collect()
}

/// Code of the error, and the good reply behind it.
fn then_good(server: &Ours, text: &[u8], code: i64) {
    let shown = String::from_utf8_lossy(&text[..text.len().min(60)]).into_owned();
    let got = replies(server.addr, &[text, b"\n", GOOD.as_bytes(), b"\n"].concat());
    assert_eq!(got.len(), 2, "{shown}: {got:?}");
    assert_eq!(got[0]["error"]["code"], code, "{shown}");
    assert_eq!(got[0]["jsonrpc"], "2.0", "{shown}");
    assert_eq!(got[1]["result"], 200, "{shown}");
}

#[test]
fn broken_messages_are_errors_and_the_connection_lives_on() {
    let server = Ours::start(&[]);
    let deep = |n: usize| {
        let (open, close) = ("[".repeat(n), "]".repeat(n));
        format!(r#"{{"jsonrpc":"2.0","method":"Panda.GetInfo","params":[{open}{close}],"id":1}}"#)
    };
    let number = |digits: &str| {
        format!(r#"{{"jsonrpc":"2.0","method":"Panda.GetInfo","params":[{digits}],"id":1}}"#)
    };
    // Not JSON, or more of it than a parser can take.
    then_good(&server, b"\xff\xfe{}", -32700);
    then_good(&server, b"\"\xe4\xbd\"", -32700);
    then_good(&server, b"{\"method\":\"\xff\"}", -32700);
    then_good(&server, b"", -32700);
    then_good(&server, deep(1000).as_bytes(), -32700);
    then_good(&server, "[".repeat(500_000).as_bytes(), -32700);
    then_good(&server, "{\"a\":".repeat(100_000).as_bytes(), -32700);
    then_good(&server, number("1e999").as_bytes(), -32700);
    // JSON, and no request.
    then_good(
        &server,
        br#"{"jsonrpc":"2.0","method":"Panda.GetInfo","params":[1],"id":1,"id":2}"#,
        -32600,
    );
    then_good(
        &server,
        br#"{"jsonrpc":"2.0","method":"a","method":"b","id":1}"#,
        -32600,
    );
    then_good(
        &server,
        br#"{"jsonrpc":"2.0","method":"Panda.GetInfo","params":[{"a":1,"a":2}],"id":1}"#,
        -32600,
    );
    then_good(&server, b"7", -32600);
    then_good(
        &server,
        br#"{"jsonrpc":"1.0","method":"Panda.GetInfo","params":[1],"id":1}"#,
        -32600,
    );
    then_good(
        &server,
        br#"{"jsonrpc":"2.0","method":"Panda.GetInfo","params":[1],"id":[]}"#,
        -32600,
    );
    // Requests whose parameters are not the method's.
    then_good(&server, deep(50).as_bytes(), -32602);
    for digits in [
        "1e30",
        "1.5",
        "123456789012345678901234567890",
        "\"1\"",
        "null",
        "1,2",
        "",
    ] {
        then_good(&server, number(digits).as_bytes(), -32602);
    }
    then_good(&server, &number(&"9".repeat(300)).into_bytes(), -32602);
    then_good(&server, &number(&i64::MAX.to_string()).into_bytes(), -32000);
}

/// A page in a browser can send a POST to any port of this machine. Its body would be lines of JSON-RPC.
#[test]
fn the_body_of_an_http_post_is_not_run() {
    let server = Ours::start(&[]);
    let body = format!("{GOOD}\n");
    let request = |first: &str| {
        format!(
            "{first}\r\nHost: {}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{body}",
            server.addr,
            body.len()
        )
    };
    for first in [
        "POST / HTTP/1.1",
        "POST /%22 HTTP/1.0",
        "PRI * HTTP/2.0",
        "post / HTTP/1.1",
    ] {
        let got = replies(server.addr, request(first).as_bytes());
        assert_eq!(got.len(), 1, "{first}: {got:?}");
        let words = "this port does not speak HTTP";
        assert_eq!(got[0]["error"]["message"], words, "{first}");
        assert!(exchange(server.go, request(first).as_bytes()).is_empty());
    }
    // The words may stand in an argument.
    let name =
        r#"{"jsonrpc":"2.0","method":"hello.HelloWorld","params":["GET / HTTP/1.1"],"id":1}"#;
    let got = replies(server.addr, format!("{name}\n").as_bytes());
    assert_eq!(got[0]["result"], "GET / HTTP/1.1 hello world");
}

#[test]
fn a_batch_has_a_limit() {
    let server = Ours::start(&[]);
    let batch = format!("[{}]", vec![GOOD; 100].join(","));
    let got = replies(server.addr, format!("{batch}\n").as_bytes());
    assert_eq!(got[0].as_array().map(Vec::len), Some(100));
    then_good(
        &server,
        format!("[{}]", vec!["1"; 200_000].join(",")).as_bytes(),
        -32000,
    );
}

#[test]
fn a_message_without_an_end_costs_no_more_than_the_limit() {
    let server = Ours::start(&["--message", "100000"]);
    let go = server.go;
    let endless = vec![b'x'; 40_000_000];
    let got = replies(server.addr, &endless);
    assert_eq!(got[0]["error"]["message"], "the message is too long");
    let got = exchange(go, &[br#"{"method":""#.as_slice(), &endless].concat());
    assert!(got.is_empty(), "the dialect has no error without a request");
    let got = exchange(go, "{\"a\":".repeat(1_000_000).as_bytes());
    assert!(got.is_empty());
    assert!(exchange(go, b"  hello").is_empty());
    assert_eq!(
        replies(server.addr, GOOD.as_bytes())[0]["error"]["message"],
        "the message has no end"
    );
    #[cfg(target_os = "linux")]
    {
        let memory = server.program.most_memory();
        assert!(memory < 40_000_000, "the server took {memory} bytes");
    }
}

#[test]
fn gos_dialect_closes_the_connection_after_nonsense_only() {
    let server = Ours::start(&[]);
    let good = r#"{"method":"Panda.GetInfo","params":[100],"id":"last"}"#;
    for (text, going_on) in [
        (r#"{"method":"Panda.GetInfo","params":["x"],"id":1}"#, true),
        (r#"{"method":"Panda.GetInfo","params":[1e30],"id":1}"#, true),
        (
            r#"{"method":"Panda.GetInfo","params":{"a":1},"id":1}"#,
            true,
        ),
        (r#"{"method":"Panda.GetInfo","id":1}"#, true),
        (r#"{"method":"","params":[1],"id":1}"#, true),
        (r#"{"params":[1],"id":1}"#, false),
        (r#"{"method":7,"params":[1],"id":1}"#, false),
        (r#"{"method":"a","method":"b","params":[1],"id":1}"#, false),
        (
            r#"{"method":"Panda.GetInfo","params":[1e999],"id":1}"#,
            false,
        ),
        (r#"{"method" "Panda.GetInfo"}"#, false),
        ("[1]", false),
        ("null", false),
    ] {
        let got = replies(server.go, format!("{text}{good}").as_bytes());
        assert_eq!(got.len(), if going_on { 2 } else { 0 }, "{text}: {got:?}");
        for reply in &got {
            assert_eq!(
                reply.as_object().map(|members| members.len()),
                Some(3),
                "{reply}"
            );
        }
        if let Some(first) = got.first() {
            assert!(
                first["error"].is_string() && first["result"].is_null(),
                "{first}"
            );
        }
    }
    let invalid = [
        br#"{"method":""#.as_slice(),
        &[0xff],
        br#"","params":[1],"id":1}"#,
    ]
    .concat();
    assert!(exchange(server.go, &invalid).is_empty());
}

#[test]
fn a_slow_client_meets_its_deadline() {
    let server = Ours::start(&["--time-ms", "200"]);
    for addr in [server.addr, server.go] {
        let mut stream = std::net::TcpStream::connect(addr).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let since = Instant::now();
        // A byte does not win new time.
        while std::io::Write::write_all(&mut stream, b" ").is_ok()
            && since.elapsed() < Duration::from_secs(10)
        {
            let mut buf = [0; 256];
            stream
                .set_read_timeout(Some(Duration::from_millis(30)))
                .unwrap();
            if let Ok(0) = std::io::Read::read(&mut stream, &mut buf) {
                break;
            }
        }
        assert!(
            since.elapsed() < Duration::from_secs(5),
            "{:?}",
            since.elapsed()
        );
    }
}

#[test]
fn http_has_a_status_for_what_is_wrong_with_http() {
    let server = Ours::start(&["--message", "1000"]);
    let post = |head: &str, body: &str| {
        let text = format!(
            "{head} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n",
            body.len()
        );
        let text = match head.starts_with("POST /text") {
            true => format!("{text}Content-Type: text/plain\r\n\r\n{body}"),
            false => format!("{text}Content-Type: application/json; charset=utf-8\r\n\r\n{body}"),
        };
        String::from_utf8(exchange(server.http, text.as_bytes())).unwrap()
    };
    for (head, body, status) in [
        ("POST /", GOOD, "200"),
        ("POST /", "{", "200"),
        (
            "POST /",
            r#"{"jsonrpc":"2.0","method":"Panda.GetInfo","params":[1]}"#,
            "204",
        ),
        ("GET /", "", "405"),
        ("POST /text", GOOD, "415"),
        ("POST /", &" ".repeat(2000), "413"),
    ] {
        let answer = post(head, body);
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{head}: {answer}"
        );
    }
    assert!(post("POST /", GOOD).ends_with(r#"{"jsonrpc":"2.0","result":200,"id":1}"#));
}

/// A server that answers with these bytes, to any request, and then stays silent.
async fn wrong_server(answer: &'static [u8], stays: bool) -> std::net::SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 1024]).await;
        let _ = stream.write_all(answer).await;
        if stays {
            std::future::pending::<()>().await;
        }
    });
    addr
}

#[tokio::test]
async fn a_wrong_server_fails_calls_and_nothing_else() {
    let limit = Duration::from_secs(5);
    for (dialect, answer) in [
        (
            Dialect::Go,
            br#"{"id":1,"result":null,"error":null}"#.as_slice(),
        ),
        (Dialect::Go, b"hello\n"),
        (Dialect::Go, br#"{"id":"1","result":1,"error":null}"#),
        (Dialect::Lines, b"hello\n"),
        (Dialect::Lines, b"{\"id\":1,\"result\":1}\n"),
        (Dialect::Lines, b"{\"jsonrpc\":\"2.0\",\"id\":1}\n"),
    ] {
        let addr = wrong_server(answer, true).await;
        let client = Client::connect(addr, dialect, limit).await.unwrap();
        let since = Instant::now();
        let (one, two) = tokio::join!(
            client.call("Panda.GetInfo", json!(1)),
            client.call("Panda.GetInfo", json!(2)),
        );
        assert_eq!((one, two), (Err(CallError::Lost), Err(CallError::Lost)));
        assert!(since.elapsed() < Duration::from_secs(3));
        assert_eq!(
            client.call("Panda.GetInfo", json!(3)).await,
            Err(CallError::Lost)
        );
    }
}

#[tokio::test]
async fn a_lost_connection_and_a_silent_one() {
    let addr = wrong_server(b"", false).await;
    let client = Client::connect(addr, Dialect::Go, PATIENCE).await.unwrap();
    assert_eq!(client.call("A.B", json!(1)).await, Err(CallError::Lost));

    let addr = wrong_server(b"", true).await;
    let client = Client::connect(addr, Dialect::Lines, Duration::from_millis(50));
    let client = client.await.unwrap();
    assert_eq!(client.call("A.B", json!(1)).await, Err(CallError::TimedOut));
    assert_eq!(
        client.pending_calls(),
        0,
        "a call that is over leaves no entry"
    );
}
