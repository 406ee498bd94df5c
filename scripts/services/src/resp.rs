//! One question to a Redis on this machine, with a deadline. The protocol itself is lesson 15's; what
//! is asked here needs no more than the first answer.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// More than INFO says of a server; a stranger on that port may send for ever.
const LARGEST: u64 = 64 * 1024;

/// Sends the words of `command` and gives back the answer: a line as it is, such as `+PONG` or `-ERR
/// ...`, or the text that the length before it announces.
///
/// # Errors
/// If nothing comes within `patience`, or nothing of this kind.
pub async fn ask(addr: SocketAddr, command: &str, patience: Duration) -> io::Result<String> {
    let exchange = async {
        let mut stream = TcpStream::connect(addr).await?;
        // An inline command, which every Redis understands: words and a line end.
        let request = format!("{command}\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut stream = BufReader::new(stream.take(LARGEST));
        let mut line = Vec::new();
        stream.read_until(b'\n', &mut line).await?;
        let line = String::from_utf8_lossy(&line).trim_end().to_owned();
        let Some(length) = line.strip_prefix('$') else {
            return match line.starts_with(['+', '-', ':']) {
                true => Ok(line),
                false => Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "this is no Redis",
                )),
            };
        };
        let length: u64 = length.parse().map_err(io::Error::other)?;
        let mut text = Vec::new();
        stream.take(length).read_to_end(&mut text).await?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    };
    timeout(patience, exchange).await?
}

/// The version of the Redis at `addr`; `None` if there is no Redis.
pub async fn version(addr: SocketAddr, patience: Duration) -> Option<String> {
    // Not by INFO alone: one that wants a password, or is still loading its data, is a Redis as well.
    let answer = ask(addr, "PING", patience).await.ok()?;
    let ours = [
        "+PONG",
        "-NOAUTH",
        "-DENIED",
        "-LOADING",
        "-BUSY",
        "-MASTERDOWN",
    ];
    if !ours.iter().any(|start| answer.starts_with(start)) {
        return None;
    }
    let about = ask(addr, "INFO server", patience).await.unwrap_or_default();
    let version = about
        .lines()
        .find_map(|line| line.strip_prefix("redis_version:"));
    Some(version.unwrap_or("?").trim().to_owned())
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use super::*;

    const SOON: Duration = Duration::from_secs(30);

    /// A server that answers each connection with the next of `answers`, whatever is asked.
    fn says(answers: &[&'static str]) -> SocketAddr {
        let answers = answers.to_vec();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let _ = stream.read(&mut [0; 64]).unwrap();
                stream.write_all(answer.as_bytes()).unwrap();
            }
        });
        addr
    }

    #[tokio::test]
    async fn a_redis_is_known_by_its_answers() {
        let info = "$43\r\n# Server\r\nredis_version:7.0.15\r\nredis_mode:x\r\n\r\n";
        let at = says(&["+PONG\r\n", info]);
        assert_eq!(version(at, SOON).await.as_deref(), Some("7.0.15"));
        let locked = "-NOAUTH Authentication required.\r\n";
        let at = says(&[locked, locked]);
        assert_eq!(version(at, SOON).await.as_deref(), Some("?"));
    }

    #[tokio::test]
    async fn a_stranger_is_no_redis() {
        for answer in [
            "HTTP/1.1 400 Bad Request\r\n\r\n",
            "-ERR who?\r\n",
            "",
            "$x\r\n",
        ] {
            let at = says(&[answer]);
            assert_eq!(version(at, SOON).await, None, "{answer:?}");
        }
    }
}
