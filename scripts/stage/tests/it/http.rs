//! One request, against servers that say a text and close.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use stage::http::{Request, STALE, Session};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A server of one connection: it reads once, answers so, and returns what it has read.
async fn server(answer: &'static str) -> (SocketAddr, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let serving = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut read = vec![0; 4096];
        let n = stream.read(&mut read).await.unwrap();
        stream.write_all(answer.as_bytes()).await.unwrap();
        String::from_utf8(read[..n].to_vec()).unwrap()
    });
    (addr, serving)
}

#[tokio::test]
async fn a_request_goes_out_and_its_answer_comes_back() {
    let answers = [
        "HTTP/1.1 404 Not Found\r\nX-A: b: c\r\nContent-Length: 7\r\n\r\n{\"a\":1}",
        "HTTP/1.1 404 Not Found\r\nX-A: b: c\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{\"a\r\n4\r\n\":1}\r\n0\r\n\r\n",
        // Without a length: to the end of the connection.
        "HTTP/1.0 404 Not Found\r\nX-A: b: c\r\n\r\n{\"a\":1}",
    ];
    for answer in answers {
        let (addr, serving) = server(answer).await;
        let request = Request::post_json("/say?a=b", "{}").header("x-token", "t");
        let answer = request.send(addr).await.unwrap();
        assert_eq!((answer.status, answer.header("x-a")), (404, Some("b: c")));
        assert_eq!(
            (answer.text().as_str(), answer.json()["a"].as_u64()),
            ("{\"a\":1}", Some(1))
        );
        let read = serving.await.unwrap();
        assert!(read.starts_with("POST /say?a=b HTTP/1.1\r\n"), "{read}");
        for header in [
            "content-type: application/json",
            "x-token: t",
            "content-length: 2",
        ] {
            assert!(read.contains(&format!("\r\n{header}\r\n")), "{read}");
        }
        assert!(read.contains(&format!("\r\nhost: {addr}\r\n")), "{read}");
        assert!(read.ends_with("\r\n\r\n{}"), "{read}");
    }
}

#[tokio::test]
async fn what_is_no_answer_is_an_error() {
    for (answer, kind) in [
        ("SSH-2.0-OpenSSH\r\n\r\n", ErrorKind::InvalidData),
        ("", ErrorKind::UnexpectedEof),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort",
            ErrorKind::UnexpectedEof,
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n123456789012345678901234567890",
            ErrorKind::InvalidData,
        ),
    ] {
        let (addr, _serving) = server(answer).await;
        let error = Request::get("/").at_most(20).send(addr).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{answer:?}: {error}");
    }
    let free = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let error = Request::get("/").send(free).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    for request in [
        Request::get("/a b"),
        Request::get("/").header("a b", ""),
        Request::new("G T", "/"),
    ] {
        let error = request.send(free).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    }
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let request = Request::get("/").within(Duration::from_millis(50));
    let error = request
        .send(silent.local_addr().unwrap())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
}

/// Answers of a server that keeps the connection, one byte of body each.
#[tokio::test]
async fn a_session_keeps_its_connection_while_it_is_fresh() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut session = Session::new(listener.local_addr().unwrap());
    let serving = tokio::spawn(async move {
        let mut connections = 0;
        for close in ["", "connection: close\r\n", "", ""] {
            // A client that comes on a new connection has given the old one up.
            let (mut stream, _) = listener.accept().await.unwrap();
            connections += 1;
            let mut read = vec![0; 4096];
            while stream.read(&mut read).await.unwrap_or(0) > 0 {
                let answer =
                    format!("HTTP/1.1 200 OK\r\n{close}content-length: 1\r\n\r\n{connections}");
                stream.write_all(answer.as_bytes()).await.unwrap();
                if !close.is_empty() {
                    break;
                }
            }
        }
    });
    let request = Request::get("/");
    let mut answers = String::new();
    for wait in [0, 0, STALE.as_millis(), 0, 0] {
        tokio::time::sleep(Duration::from_millis(u64::try_from(wait).unwrap())).await;
        answers += &session.send(&request).await.unwrap().text();
    }
    // Twice on the first; a stale one is not used again; the second was closed by the server.
    assert_eq!(answers, "11233");
    serving.abort();
}

#[test]
fn a_request_can_be_typed() {
    let to: SocketAddr = ([127, 0, 0, 1], 8080).into();
    let request = Request::post_json("/user/say/hello", r#"{"name":"huohuo"}"#);
    let right = "curl -H 'content-type: application/json' -d '{\"name\":\"huohuo\"}' \
                 'http://127.0.0.1:8080/user/say/hello'";
    assert_eq!(request.curl(to), right);
    assert_eq!(
        Request::get("/a?b=c").curl(to),
        "curl 'http://127.0.0.1:8080/a?b=c'"
    );
    assert_eq!(
        Request::put("/a", "").curl(to),
        "curl -X PUT 'http://127.0.0.1:8080/a'"
    );
}
