//! HTTP/1.1 by hand: what is asked is exactly what is written.

use std::net::SocketAddr;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::PATIENCE;

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// The request: its method, path and headers.
    asked: String,
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    /// From all bytes of a connection that has ended.
    fn read(asked: String, bytes: &[u8]) -> Answer {
        let (head, body) = split(bytes, b"\r\n\r\n").expect("no head of a response");
        let head = std::str::from_utf8(head).unwrap();
        let status = head.split(' ').nth(1).and_then(|it| it.parse().ok());
        let headers = head.lines().filter_map(|line| line.split_once(": "));
        let mut answer = Answer {
            asked,
            status: status.unwrap_or_else(|| panic!("no HTTP: {head:?}")),
            headers: headers
                .map(|(name, value)| (name.to_ascii_lowercase(), value.to_string()))
                .collect(),
            body: body.to_vec(),
        };
        match answer.header("content-length") {
            Some(length) => assert_eq!(body.len().to_string(), length, "the body breaks off"),
            None if answer.header("transfer-encoding").is_some() => answer.body = joined(body),
            None => {}
        }
        answer
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The words of an error, which must have this status.
    pub fn says(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{}: {}", self.asked, self.text());
        let json = self.json();
        assert_eq!(json["code"], status, "{json}");
        assert_eq!(self.header("content-type"), Some("application/json"));
        let id = self.header("x-request-id");
        assert_eq!(json["request_id"].as_str(), id, "{json}");
        json["message"].as_str().unwrap().to_string()
    }

    /// It is an error with this status, whose words contain these.
    pub fn refuses(&self, status: u16, words: &str) {
        let said = self.says(status);
        let asked = &self.asked;
        assert!(said.contains(words), "{asked}: no {words:?} in {said:?}");
    }

    /// The JSON of a success.
    pub fn good(&self) -> Value {
        assert_eq!(self.status, 200, "{}: {}", self.asked, self.text());
        self.json()
    }
}

fn split<'a>(bytes: &'a [u8], by: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let place = bytes.windows(by.len()).position(|window| window == by)?;
    Some((&bytes[..place], &bytes[place + by.len()..]))
}

/// The body that came in chunks.
fn joined(mut chunks: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let (size, rest) = split(chunks, b"\r\n").expect("the body breaks off");
        let size = usize::from_str_radix(std::str::from_utf8(size).unwrap(), 16).unwrap();
        if size == 0 {
            return body;
        }
        body.extend_from_slice(&rest[..size]);
        // Behind each chunk is a line break.
        chunks = &rest[size + 2..];
    }
}

pub async fn get(gateway: SocketAddr, path: &str) -> Answer {
    ask(gateway, "GET", path, &[], b"").await
}

pub async fn post(gateway: SocketAddr, path: &str, body: impl AsRef<[u8]>) -> Answer {
    let headers = [("content-type", "application/json")];
    ask(gateway, "POST", path, &headers, body.as_ref()).await
}

/// Any request.
pub async fn ask(
    gateway: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Answer {
    let mut open = send(gateway, method, path, headers, body).await;
    let whole = timeout(PATIENCE, async { while open.more().await {} });
    whole.await.expect("the answer has no end");
    Answer::read(format!("{method} {path} {headers:?}"), &open.bytes)
}

/// A connection on which an answer is still coming. Dropped, it is closed.
pub struct Open {
    stream: TcpStream,
    bytes: Vec<u8>,
}

impl Open {
    /// Reads on; false at the end. A server that has refused a body may reset the connection after its answer.
    async fn more(&mut self) -> bool {
        self.stream.read_buf(&mut self.bytes).await.unwrap_or(0) > 0
    }

    /// Reads until these words have come.
    pub async fn has(&mut self, words: &str) {
        let come = async {
            while split(&self.bytes, words.as_bytes()).is_none() {
                assert!(self.more().await, "it has ended before {words:?}");
            }
        };
        timeout(PATIENCE, come).await.expect("it does not go on");
    }
}

/// Sends a request for one answer, and reads nothing.
pub async fn send(
    gateway: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Open {
    let mut stream = TcpStream::connect(gateway).await.unwrap();
    let mut request = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\n");
    if headers.iter().all(|(name, _)| *name != "host") {
        request.push_str(&format!("host: {gateway}\r\n"));
    }
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    let own = ["content-length", "transfer-encoding"];
    if method != "GET" && headers.iter().all(|(name, _)| !own.contains(name)) {
        request.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    request.push_str("\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    // A server that has refused may not read on.
    drop(stream.write_all(body).await);
    let bytes = Vec::new();
    Open { stream, bytes }
}
