//! RPC behind HTTP. One port answers a browser (`GET /` gives `hello world!`), and switches a client that sends
//! `CONNECT` to RPC: after the answer to that request the connection carries frames and no HTTP. Go's `net/rpc`
//! does the same with `HandleHTTP` and `DialHTTP`.
//!
//! Only the needed part of HTTP/1.1 is read here: the first line, and the end of the head.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

/// The path of a `CONNECT` request.
pub const PATH: &str = "/_rpc_";

/// The longest head that is read, request line and all.
const HEAD: usize = 8 * 1024;

// ANCHOR: open
/// Answers one HTTP request. `true`: it was a `CONNECT`, and frames follow.
///
/// # Errors
/// If the connection broke, or no request came in time.
pub async fn open(
    from: &mut (impl AsyncBufRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    limit: Duration,
) -> io::Result<bool> {
    let head = timeout(limit, read_head(from)).await??;
    let answer = answer(&head);
    timeout(limit, to.write_all(answer.text().as_bytes())).await??;
    Ok(matches!(answer, Answer::Connected))
}

/// The answer to an HTTP request.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    Connected,
    Page,
    NotFound,
    NotAllowed,
    Bad,
}

/// Decides by the first line of a request: `METHOD PATH HTTP/1.x`.
fn answer(head: &str) -> Answer {
    let line = head.lines().next().unwrap_or_default();
    let words: Vec<&str> = line.split(' ').collect();
    match words[..] {
        ["CONNECT", PATH, "HTTP/1.0" | "HTTP/1.1"] => Answer::Connected,
        ["GET", "/", "HTTP/1.0" | "HTTP/1.1"] => Answer::Page,
        ["GET" | "CONNECT", _, "HTTP/1.0" | "HTTP/1.1"] => Answer::NotFound,
        [_, _, "HTTP/1.0" | "HTTP/1.1"] => Answer::NotAllowed,
        _ => Answer::Bad,
    }
}
// ANCHOR_END: open

impl Answer {
    fn text(&self) -> String {
        let (status, more, body) = match self {
            Answer::Connected => return "HTTP/1.1 200 Connected to RPC\r\n\r\n".to_string(),
            Answer::Page => ("200 OK", "", "hello world!"),
            Answer::NotFound => ("404 Not Found", "", "nothing here\n"),
            Answer::NotAllowed => (
                "405 Method Not Allowed",
                "Allow: GET, CONNECT\r\n",
                "GET or CONNECT\n",
            ),
            Answer::Bad => ("400 Bad Request", "", "this is not HTTP/1.1\n"),
        };
        let length = body.len();
        format!(
            "HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\n\
             Content-Length: {length}\r\n{more}Connection: close\r\n\r\n{body}"
        )
    }
}

/// Sends `CONNECT`, and reads the answer.
///
/// # Errors
/// If the connection broke, or the answer is not `200`.
pub async fn upgrade(
    from: &mut (impl AsyncBufRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    host: SocketAddr,
) -> io::Result<()> {
    let request = format!("CONNECT {PATH} HTTP/1.1\r\nHost: {host}\r\n\r\n");
    to.write_all(request.as_bytes()).await?;
    let head = read_head(from).await?;
    let line = head.lines().next().unwrap_or_default();
    let words: Vec<&str> = line.splitn(3, ' ').collect();
    match words[..] {
        ["HTTP/1.0" | "HTTP/1.1", "200", ..] => Ok(()),
        _ => Err(io::Error::other(format!(
            "this server offers no RPC: {line}"
        ))),
    }
}

/// Reads a head up to its empty line, and no byte after it: the next byte may belong to the first frame.
async fn read_head(from: &mut (impl AsyncBufRead + Unpin)) -> io::Result<String> {
    let mut head = Vec::new();
    let mut from = from.take(HEAD as u64);
    loop {
        let line = head.len();
        if from.read_until(b'\n', &mut head).await? == 0 {
            // The stream has ended, or the head is too long.
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if matches!(&head[line..], b"\r\n" | b"\n") {
            // A head is nearly always ASCII, and the other bytes do not matter here.
            return Ok(String::from_utf8_lossy(&head).into_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_decides() {
        for (line, expected) in [
            ("GET / HTTP/1.1", Answer::Page),
            ("GET /favicon.ico HTTP/1.1", Answer::NotFound),
            ("CONNECT /_rpc_ HTTP/1.0", Answer::Connected),
            ("CONNECT example.org:443 HTTP/1.1", Answer::NotFound),
            ("POST / HTTP/1.1", Answer::NotAllowed),
            ("GET /", Answer::Bad),
            ("", Answer::Bad),
        ] {
            assert_eq!(answer(&format!("{line}\r\n\r\n")), expected, "{line}");
        }
    }

    #[tokio::test]
    async fn bytes_after_the_head_stay_unread() {
        let mut from = &b"GET / HTTP/1.1\r\nA: b\r\n\r\n\0\0\0\x05hello"[..];
        let head = read_head(&mut from).await.unwrap();
        assert_eq!(head, "GET / HTTP/1.1\r\nA: b\r\n\r\n");
        assert_eq!(from, b"\0\0\0\x05hello");
    }

    #[tokio::test]
    async fn a_head_that_never_ends_is_cut_off() {
        let endless = vec![b'x'; 2 * HEAD];
        assert!(read_head(&mut &endless[..]).await.is_err());
    }
}
