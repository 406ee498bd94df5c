//! Asks a Consul: a GET, its head and its body, with a bound on everything.
//!
//! Written by hand on a socket: the runner's HTTP library is built without its client half, and
//! asking for that half would have every learner compile it. The request says HTTP/1.0, so the
//! answer is not sent in chunks and ends with the connection. Whoever answers may be anything that
//! listens on that port: nothing it says is believed without a limit.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

/// The longest head of an answer, in bytes. Consul's have about 300.
const HEAD: usize = 16 * 1024;
/// The longest body, in bytes: 10,000 instances, each with the 4 KB of output that a check may have.
const BODY: u64 = 64 * 1024 * 1024;
/// How long an answer may take that nothing holds back.
const ANSWER: Duration = Duration::from_secs(20);
/// How long Consul is asked to hold a query, and how much longer we wait for the answer. Consul adds
/// up to a sixteenth of the time by itself.
const HOLD: (u64, Duration) = (60, Duration::from_secs(80));
/// A held query that is answered at once with nothing new is not asked again before this time.
const CALM: Duration = Duration::from_secs(1);

/// Why there is no usable answer.
#[derive(Debug)]
pub enum Trouble {
    /// The connection could not be made, or broke.
    Io(io::Error),
    /// The connection ended before a single byte came: the process has ended, most likely.
    Closed,
    /// Not all of it came in time.
    Late(Duration),
    /// It is larger than [`BODY`].
    Large,
    /// An HTTP status that is not 200.
    Status(u16),
    /// It is not what a Consul says: where it differs.
    Strange(&'static str),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&crate::words::phone::trouble(self))
    }
}

impl From<io::Error> for Trouble {
    fn from(e: io::Error) -> Self {
        Self::Io(e)
    }
}

/// An answer with status 200.
#[derive(Debug)]
pub struct Answer {
    /// `X-Consul-Index`: the number of the last change to what was asked for. 0, if there is none.
    pub index: u64,
    /// The body.
    pub body: Vec<u8>,
}

/// Asks for `path` and reads all of the answer.
///
/// # Errors
/// See [`Trouble`].
pub async fn get(addr: SocketAddr, path: &str) -> Result<Answer, Trouble> {
    get_within(addr, path, ANSWER).await
}

/// The same with another deadline.
///
/// # Errors
/// See [`Trouble`].
pub async fn get_within(addr: SocketAddr, path: &str, within: Duration) -> Result<Answer, Trouble> {
    let whole = async {
        let (mut stream, head) = ask(addr, path).await?;
        let mut body = head.rest;
        let left = head.length.unwrap_or(BODY + 1);
        if left > BODY && head.length.is_some() {
            return Err(Trouble::Large);
        }
        let left = left.saturating_sub(body.len() as u64);
        (&mut stream).take(left).read_to_end(&mut body).await?;
        let got = body.len() as u64;
        match head.length {
            Some(length) if got < length => Err(Trouble::Strange("the answer was cut short")),
            None if got > BODY => Err(Trouble::Large),
            _ => Ok(Answer {
                index: head.index.unwrap_or(0),
                body,
            }),
        }
    };
    timeout(within, whole)
        .await
        .unwrap_or(Err(Trouble::Late(within)))
}

/// Waits until the index of `path` is not `index` any more: a blocking query. Returns the new one.
///
/// Only the head of the answer is read. What is new is read afterwards in one go, so that services
/// and checks are from the same moment; the body here would be thrown away.
///
/// # Errors
/// See [`Trouble`].
pub async fn changed(addr: SocketAddr, path: &str, index: u64) -> Result<u64, Trouble> {
    let (seconds, within) = HOLD;
    let path = format!("{path}?index={index}&wait={seconds}s");
    loop {
        let asked = tokio::time::Instant::now();
        let (_, head) = timeout(within, ask(addr, &path))
            .await
            .unwrap_or(Err(Trouble::Late(within)))?;
        match head.index {
            None => return Err(Trouble::Strange("it has no X-Consul-Index")),
            Some(new) if new != index => return Ok(new),
            Some(_) => sleep(CALM.saturating_sub(asked.elapsed())).await,
        }
    }
}

/// What the head of an answer says, and the bytes of the body that came with it.
struct Head {
    index: Option<u64>,
    length: Option<u64>,
    rest: Vec<u8>,
}

async fn ask(addr: SocketAddr, path: &str) -> Result<(TcpStream, Head), Trouble> {
    let mut stream = TcpStream::connect(addr).await?;
    let request =
        format!("GET {path} HTTP/1.0\r\nHost: {addr}\r\nAccept: application/json\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut bytes = Vec::with_capacity(2048);
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
        if bytes.len() >= HEAD {
            return Err(Trouble::Strange("the head of the answer does not end"));
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(match bytes.is_empty() {
                true => Trouble::Closed,
                false => Trouble::Strange("the answer is not HTTP"),
            });
        }
    };
    let rest = bytes.split_off(end + 4);
    let head = parse(&bytes[..end], rest)?;
    Ok((stream, head))
}

fn parse(head: &[u8], rest: Vec<u8>) -> Result<Head, Trouble> {
    let not_http = Trouble::Strange("the answer is not HTTP");
    let Ok(text) = std::str::from_utf8(head) else {
        return Err(not_http);
    };
    let mut lines = text.split("\r\n");
    let status = lines.next().and_then(|first| {
        let mut words = first.split(' ');
        let version = words.next()?;
        let code: u16 = words.next()?.parse().ok()?;
        version.starts_with("HTTP/1.").then_some(code)
    });
    match status {
        None => return Err(not_http),
        Some(200) => {}
        Some(code) => return Err(Trouble::Status(code)),
    }
    let mut head = Head {
        index: None,
        length: None,
        rest,
    };
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        let number = || value.trim().parse::<u64>();
        if name.eq_ignore_ascii_case("x-consul-index") {
            let bad = |_| Trouble::Strange("its X-Consul-Index is not a number");
            head.index = Some(number().map_err(bad)?);
        } else if name.eq_ignore_ascii_case("content-length") {
            let bad = |_| Trouble::Strange("its Content-Length is not a number");
            head.length = Some(number().map_err(bad)?);
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            // Nobody may answer so to HTTP/1.0.
            return Err(Trouble::Strange("the answer is in chunks"));
        }
    }
    if let Some(length) = head.length {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        head.rest.truncate(length);
    }
    Ok(head)
}

/// `name` as one part of a path. Everything unusual is escaped, the dot too: `..` must stay a name.
pub fn escaped(name: &str) -> String {
    name.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(head: &str) -> Result<Head, Trouble> {
        parse(head.as_bytes(), b"body and more".to_vec())
    }

    #[test]
    fn a_head_is_read_and_a_strange_one_refused() {
        let head =
            read("HTTP/1.0 200 OK\r\nx-consul-INDEX: 17\r\nContent-Length: 4").expect("good");
        assert_eq!((head.index, head.length), (Some(17), Some(4)));
        assert_eq!(head.rest, b"body");
        assert!(matches!(
            read("HTTP/1.1 500 No cluster leader"),
            Err(Trouble::Status(500))
        ));
        for strange in [
            "",
            "SSH-2.0-OpenSSH_9.2",
            "HTTP/1.1",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked",
            "HTTP/1.1 200 OK\r\nX-Consul-Index: -1",
            "HTTP/1.1 200 OK\r\nContent-Length: 4, 5",
        ] {
            assert!(
                matches!(read(strange), Err(Trouble::Strange(_))),
                "{strange:?}"
            );
        }
    }

    #[test]
    fn a_name_stays_one_part_of_a_path() {
        assert_eq!(escaped("node-1"), "node-1");
        assert_eq!(escaped("../a?b#c d%"), "%2E%2E%2Fa%3Fb%23c%20d%25");
        assert_eq!(escaped("\r\n"), "%0D%0A");
    }
}
