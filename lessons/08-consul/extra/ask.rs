//! A small HTTP client: one request to an agent, ours or a real Consul, and its response.
//!
//! HTTP/1.0 on purpose: the answer ends when the connection does, so there are no chunks to put
//! together, and a demo or an exercise needs no HTTP library. A program that asks often keeps its
//! connection instead, as lesson 09 does.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// An agent holds a question for ten minutes and a sixteenth at most; an agent that is silent for longer is gone.
const LONGEST: Duration = Duration::from_secs(11 * 60);
/// No answer of an agent is longer.
const MOST: u64 = 64 * 1024 * 1024;

/// The response of an agent.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status code of HTTP.
    pub status: u16,
    /// `X-Consul-Index`: how new this is. 0 if the answer has none.
    pub index: u64,
    /// The body, as text.
    pub body: String,
    /// The bytes of the request, and of all that came back.
    pub bytes: (usize, usize),
}

impl Answer {
    /// The body as JSON; null if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

/// `GET`.
pub async fn get(agent: SocketAddr, path: &str) -> io::Result<Answer> {
    ask(agent, "GET", path, "").await
}

/// `PUT`.
pub async fn put(agent: SocketAddr, path: &str, body: &str) -> io::Result<Answer> {
    ask(agent, "PUT", path, body).await
}

/// Sends one request in a connection of its own, and reads the answer to its end.
///
/// # Errors
/// If no server listens, the connection breaks, or what comes back is not HTTP.
pub async fn ask(agent: SocketAddr, method: &str, path: &str, body: &str) -> io::Result<Answer> {
    let asking = async {
        let mut stream = TcpStream::connect(agent).await?;
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.0\r\nHost: {agent}\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).await?;
        let mut bytes = Vec::new();
        stream.take(MOST).read_to_end(&mut bytes).await?;
        let mut answer = read(&String::from_utf8_lossy(&bytes))
            .ok_or_else(|| io::Error::other(format!("{agent} does not answer in HTTP")))?;
        answer.bytes = (request.len(), bytes.len());
        Ok(answer)
    };
    timeout(LONGEST, asking).await?
}

fn read(text: &str) -> Option<Answer> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let first = lines.next()?.strip_prefix("HTTP/1.")?;
    let mut headers = lines.filter_map(|line| line.split_once(": "));
    let index = headers.find(|(name, _)| name.eq_ignore_ascii_case("x-consul-index"));
    Some(Answer {
        status: first.split(' ').nth(1)?.parse().ok()?,
        index: index.and_then(|(_, value)| value.parse().ok()).unwrap_or(0),
        body: body.to_owned(),
        bytes: (0, 0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_taken_apart() {
        let answer =
            read("HTTP/1.0 200 OK\r\nA: b\r\nX-Consul-Index: 57\r\n\r\n[1]\r\n\r\n").unwrap();
        assert_eq!((answer.status, answer.index), (200, 57));
        assert_eq!(answer.body, "[1]\r\n\r\n");
        let answer = read("HTTP/1.0 404 Not Found\r\n\r\n").unwrap();
        assert_eq!(
            (answer.status, answer.index, answer.json()),
            (404, 0, Value::Null)
        );
        assert!(read("220 smtp.example\r\n\r\n").is_none());
        assert!(read("").is_none());
    }
}
