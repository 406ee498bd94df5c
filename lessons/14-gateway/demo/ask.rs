//! The other side of the door: one HTTP request and its answer, as curl would make it. For the demo, the
//! proof and the tests.
//!
//! HTTP/1.0 on purpose: the answer ends when the connection does, so a stream needs no chunks to be put
//! together, and nobody needs an HTTP library.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Whoever is silent for longer is gone.
const LONGEST: Duration = Duration::from_secs(60);

/// No answer here is longer, in bytes.
const MOST: u64 = 16 << 20;

/// A request.
#[derive(Clone, Debug)]
pub struct Ask {
    /// `GET` or `POST`.
    pub method: &'static str,
    /// Path and query.
    pub target: String,
    /// Name and value.
    pub headers: Vec<(&'static str, String)>,
    /// What goes along.
    pub body: Vec<u8>,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// What stands behind it.
    pub reason: String,
    /// Name, in small letters, and value.
    pub headers: Vec<(String, String)>,
    /// The body, as text.
    pub body: String,
}

impl Answer {
    /// The body as JSON; null if it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// The first header of this name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let (_, value) = headers.find(|(its, _)| its == name)?;
        Some(value)
    }
}

/// `GET`.
#[must_use]
pub fn get(target: impl Into<String>) -> Ask {
    Ask {
        method: "GET",
        target: target.into(),
        headers: Vec::new(),
        body: Vec::new(),
    }
}

/// `POST` of JSON, or of what should be JSON.
#[must_use]
pub fn post(target: impl Into<String>, json: impl Into<Vec<u8>>) -> Ask {
    Ask {
        method: "POST",
        headers: vec![("content-type", "application/json".to_string())],
        body: json.into(),
        ..get(target)
    }
}

impl Ask {
    /// The same with a header more.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Sends it in a connection of its own, and reads the answer to its end.
    ///
    /// # Errors
    /// If nobody listens, the connection breaks, or what comes back is not HTTP.
    pub async fn send(&self, to: SocketAddr) -> io::Result<Answer> {
        timeout(LONGEST, self.exchange(to)).await?
    }

    async fn exchange(&self, to: SocketAddr) -> io::Result<Answer> {
        let mut stream = TcpStream::connect(to).await?;
        stream.write_all(&self.bytes(to)).await?;
        let mut bytes = Vec::new();
        stream.take(MOST).read_to_end(&mut bytes).await?;
        let answer = read(&String::from_utf8_lossy(&bytes));
        answer.ok_or_else(|| io::Error::other(format!("{to} does not answer in HTTP")))
    }

    fn bytes(&self, to: SocketAddr) -> Vec<u8> {
        let Ask { method, target, .. } = self;
        let mut head = format!("{method} {target} HTTP/1.0\r\nhost: {to}\r\n");
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += &format!("content-length: {}\r\n\r\n", self.body.len());
        [head.into_bytes(), self.body.clone()].concat()
    }

    /// The command for a terminal that asks the same.
    #[must_use]
    pub fn curl(&self, to: SocketAddr) -> String {
        let mut command = "curl".to_string();
        for (name, value) in &self.headers {
            command += &format!(" -H '{name}: {value}'");
        }
        if self.method == "POST" {
            command += &format!(" -d '{}'", String::from_utf8_lossy(&self.body));
        }
        format!("{command} 'http://{to}{}'", self.target)
    }
}

fn read(text: &str) -> Option<Answer> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let first = lines.next()?.strip_prefix("HTTP/1.")?;
    let mut words = first.splitn(3, ' ').skip(1);
    let headers = lines.filter_map(|line| line.split_once(": "));
    Some(Answer {
        status: words.next()?.parse().ok()?,
        reason: words.next().unwrap_or_default().to_string(),
        headers: headers
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_string()))
            .collect(),
        body: body.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_taken_apart() {
        let answer = read("HTTP/1.1 404 Not Found\r\nX-A: b: c\r\n\r\n{\"a\":1}").unwrap();
        assert_eq!((answer.status, answer.reason.as_str()), (404, "Not Found"));
        assert_eq!(answer.header("x-a"), Some("b: c"));
        assert_eq!(answer.json()["a"], 1);
        assert!(read("220 smtp.example\r\n\r\n").is_none());
    }

    #[test]
    fn a_request_can_be_typed() {
        let to: SocketAddr = ([127, 0, 0, 1], 8080).into();
        let ask = post("/user/say/hello", r#"{"name":"huohuo"}"#);
        let right = "curl -H 'content-type: application/json' -d '{\"name\":\"huohuo\"}' \
                     'http://127.0.0.1:8080/user/say/hello'";
        assert_eq!(ask.curl(to), right);
        assert_eq!(get("/a?b=c").curl(to), "curl 'http://127.0.0.1:8080/a?b=c'");
    }
}
