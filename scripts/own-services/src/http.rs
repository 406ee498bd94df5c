//! Requests to Consul, for the reference and for the faulty service.

use std::io;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// One request by HTTP/1.0, whose reply ends with its connection. An empty body is null.
pub async fn ask(consul: &str, method: &str, path: &str, body: &str) -> io::Result<Value> {
    let asking = ask_with_index(consul, method, path, body);
    Ok(timeout(Duration::from_secs(1), asking).await??.1)
}

/// The same for a blocking query of some seconds, with the index of the reply.
pub async fn ask_with_index(
    consul: &str,
    method: &str,
    path: &str,
    body: &str,
) -> io::Result<(u64, Value)> {
    let asking = async {
        let mut stream = TcpStream::connect(consul).await?;
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.0\r\nHost: {consul}\r\nContent-Length: {length}\r\n\r\n"
        );
        stream.write_all((head + body).as_bytes()).await?;
        let mut reply = String::new();
        stream.read_to_string(&mut reply).await?;
        let (head, body) = reply
            .split_once("\r\n\r\n")
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        if !head.contains(" 200 ") {
            return Err(io::Error::other(reply));
        }
        let index = head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("x-consul-index")
                .then(|| value.parse().ok())?
        });
        Ok((
            index.unwrap_or_default(),
            serde_json::from_str(body).unwrap_or_default(),
        ))
    };
    timeout(Duration::from_secs(7), asking).await?
}
