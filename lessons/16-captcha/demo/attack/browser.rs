//! The least that a browser does: one request, one answer, and it remembers its cookie.

use std::net::SocketAddr;

use anyhow::{Context, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// An answer.
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    /// A header by its name in small letters.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The body as JSON; whatever is none is `null`.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// A browser, or a program that says so.
#[derive(Clone)]
pub struct Browser {
    web: SocketAddr,
    pub cookie: Option<String>,
}

impl Browser {
    /// One that has never been here.
    pub fn new(web: SocketAddr) -> Self {
        Browser { web, cookie: None }
    }

    /// `GET`.
    pub async fn get(&mut self, path: &str) -> anyhow::Result<Answer> {
        self.send(&format!("GET {path} HTTP/1.1\r\n"), "").await
    }

    /// `POST` with JSON.
    pub async fn post(&mut self, path: &str, json: &serde_json::Value) -> anyhow::Result<Answer> {
        let body = json.to_string();
        let head = format!(
            "POST {path} HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: {}\r\n",
            body.len()
        );
        self.send(&head, &body).await
    }

    async fn send(&mut self, head: &str, body: &str) -> anyhow::Result<Answer> {
        let mut request = format!("{head}Host: {}\r\nConnection: close\r\n", self.web);
        if let Some(cookie) = &self.cookie {
            request += &format!("Cookie: {cookie}\r\n");
        }
        request += "\r\n";
        request += body;
        let mut stream = TcpStream::connect(self.web).await?;
        stream.write_all(request.as_bytes()).await?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await?;
        let answer = read(&bytes)?;
        if let Some(cookie) = answer.header("set-cookie") {
            let pair = cookie.split(';').next().unwrap_or_default();
            self.cookie = Some(pair.to_owned());
        }
        Ok(answer)
    }
}

fn read(bytes: &[u8]) -> anyhow::Result<Answer> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
    let end = end.context("no answer")?;
    let head = std::str::from_utf8(&bytes[..end])?;
    let mut lines = head.lines();
    let first = lines.next().context("an empty answer")?;
    let status = first.split(' ').nth(1).context("no status")?.parse()?;
    let headers: Vec<_> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let answer = Answer {
        status,
        headers,
        body: bytes[end + 4..].to_vec(),
    };
    ensure!(
        answer.header("transfer-encoding").is_none(),
        "an answer in chunks"
    );
    Ok(answer)
}
