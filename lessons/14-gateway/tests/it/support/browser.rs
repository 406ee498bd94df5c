//! HTTP/1.1 by hand: what is asked is exactly what is written.

use std::net::SocketAddr;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::PATIENCE;

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
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
        assert_eq!(self.status, status, "{}", self.text());
        let json = self.json();
        assert_eq!(json["code"], status, "{json}");
        assert_eq!(self.header("content-type"), Some("application/json"));
        assert_eq!(
            json["request_id"].as_str(),
            self.header("x-request-id"),
            "{json}"
        );
        json["message"].as_str().unwrap().to_string()
    }

    /// The JSON of a success.
    pub fn good(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text());
        self.json()
    }
}

pub async fn get(door: SocketAddr, path: &str) -> Answer {
    ask(door, "GET", path, &[], b"").await
}

pub async fn post(door: SocketAddr, path: &str, body: impl AsRef<[u8]>) -> Answer {
    let headers = [("content-type", "application/json")];
    ask(door, "POST", path, &headers, body.as_ref()).await
}

/// Any request.
pub async fn ask(
    door: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Answer {
    let mut open = open(door, method, path, headers, body).await;
    let whole = async {
        while open.part().await.is_some() {}
        open.answer
    };
    timeout(PATIENCE, whole)
        .await
        .expect("the answer has no end")
}

/// A response whose body is still coming. Dropped, its connection is closed.
pub struct Open {
    pub answer: Answer,
    stream: BufReader<TcpStream>,
    /// Bytes that are still to come; `None`: in pieces.
    left: Option<usize>,
}

/// Sends a request, and reads the head of what comes back.
pub async fn open(
    door: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Open {
    let mut stream = send(door, method, path, headers, body).await;
    let answer = timeout(PATIENCE, head(&mut stream))
        .await
        .expect("no answer");
    let left = answer
        .header("content-length")
        .map(|it| it.parse().unwrap());
    let left = match answer.header("transfer-encoding") {
        Some(_) => None,
        None => Some(left.unwrap_or(0)),
    };
    Open {
        answer,
        stream,
        left,
    }
}

/// Sends a request, and reads nothing.
pub async fn send(
    door: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> BufReader<TcpStream> {
    let mut stream = BufReader::new(TcpStream::connect(door).await.unwrap());
    let mut request = format!("{method} {path} HTTP/1.1\r\n");
    if headers.iter().all(|(name, _)| *name != "host") {
        request.push_str(&format!("host: {door}\r\n"));
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
    stream
}

async fn head(stream: &mut BufReader<TcpStream>) -> Answer {
    let first = line(stream).await;
    let status = first.split(' ').nth(1).and_then(|it| it.parse().ok());
    let status = status.unwrap_or_else(|| panic!("no HTTP: {first:?}"));
    let mut headers = Vec::new();
    loop {
        let line = line(stream).await;
        let Some((name, value)) = line.split_once(": ") else {
            break;
        };
        headers.push((name.to_ascii_lowercase(), value.to_string()));
    }
    Answer {
        status,
        headers,
        body: Vec::new(),
    }
}

async fn line(stream: &mut BufReader<TcpStream>) -> String {
    let mut line = String::new();
    stream.read_line(&mut line).await.unwrap();
    line.trim_end().to_string()
}

impl Open {
    /// The next piece of the body, which is also added to the answer's.
    pub async fn part(&mut self) -> Option<String> {
        let part = timeout(PATIENCE, self.read())
            .await
            .expect("the body does not go on")?;
        self.answer.body.extend_from_slice(&part);
        Some(String::from_utf8_lossy(&part).into_owned())
    }

    async fn read(&mut self) -> Option<Vec<u8>> {
        let len = match self.left.take() {
            Some(0) => {
                self.left = Some(0);
                return None;
            }
            Some(len) => {
                self.left = Some(0);
                len
            }
            None => {
                let size = line(&mut self.stream).await;
                let size = usize::from_str_radix(&size, 16);
                match size.expect("the body breaks off") {
                    0 => {
                        self.left = Some(0);
                        return None;
                    }
                    size => size,
                }
            }
        };
        let mut part = vec![0; len];
        self.stream
            .read_exact(&mut part)
            .await
            .expect("the body breaks off");
        if self.left.is_none() {
            line(&mut self.stream).await;
        }
        Some(part)
    }
}
