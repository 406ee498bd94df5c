//! One question to an HTTP API on this machine, with a deadline.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// More than any answer that is asked for here has; a stranger on that port may send for ever.
const LARGEST: u64 = 1 << 20;

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// 200 and so on.
    pub status: u16,
    /// The text after the headers.
    pub body: String,
}

impl Answer {
    /// The body of a 200, as JSON.
    pub fn json(&self) -> Option<Value> {
        let value = serde_json::from_str(&self.body).ok()?;
        (self.status == 200).then_some(value)
    }
}

/// Sends `method path` with `body` to `addr` and reads the whole answer within `patience`.
pub async fn ask(
    addr: SocketAddr,
    method: &str,
    path: &str,
    body: &str,
    patience: Duration,
) -> io::Result<Answer> {
    let exchange = async {
        let mut stream = TcpStream::connect(addr).await?;
        let length = body.len();
        // 1.0: the answer ends with the connection, and nothing is left to take apart.
        let request = format!("{method} {path} HTTP/1.0\r\nContent-Length: {length}\r\n\r\n{body}");
        stream.write_all(request.as_bytes()).await?;
        let mut bytes = Vec::new();
        stream.take(LARGEST).read_to_end(&mut bytes).await?;
        parse(&String::from_utf8_lossy(&bytes))
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "this is not HTTP"))
    };
    timeout(patience, exchange).await?
}

fn parse(text: &str) -> Option<Answer> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut words = head.strip_prefix("HTTP/1.")?.split_whitespace();
    Some(Answer {
        status: words.nth(1)?.parse().ok()?,
        body: body.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn an_answer_has_a_status_and_a_body() {
        let answer = parse("HTTP/1.1 200 OK\r\nA: b\r\n\r\n\"x\"").unwrap();
        assert_eq!((answer.status, answer.body.as_str()), (200, "\"x\""));
        assert!(parse("SSH-2.0-OpenSSH\r\n\r\n").is_none());
        assert!(parse("HTTP/1.1 what\r\n\r\n").is_none());
    }
}
