//! A client of HTTP/1.1 that remembers what went to and fro, and says why a reply is missing.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::service::Service;
use crate::told::{Belief, Failure, Message};

/// A connection is accepted within this time.
const ACCEPTS: Duration = Duration::from_secs(1);
/// So many bytes of a body without a length are read.
const LONGEST: u64 = 64 * 1024;

/// A reply to one request.
#[derive(Debug, Default)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    head: String,
    /// The body, as text.
    pub body: String,
}

impl Reply {
    /// The value of a header of the reply.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }

    fn words(&self) -> String {
        let body: String = self.body.chars().take(80).collect();
        format!("{}, {body:?}", self.status)
    }
}

/// A connection, and what went over it.
pub struct Client {
    stream: BufReader<TcpStream>,
    situation: String,
    messages: Vec<Message>,
    /// Why the last reply is missing, if it is.
    pub missing: Option<Missing>,
}

impl Client {
    /// Connects; `situation` is what a failure begins with.
    ///
    /// # Errors
    /// A failure if the service does not accept.
    pub fn open(service: &Service, situation: &str) -> Result<Self, Failure> {
        let at = service.world.http;
        let stream = TcpStream::connect_timeout(&at, ACCEPTS).map_err(|e| {
            let happened = format!("did not accept: {e}");
            Failure::new(situation, "a connection to HTTP_ADDR", happened, None)
        })?;
        let _ = stream.set_nodelay(true);
        Ok(Self {
            stream: BufReader::new(stream),
            situation: situation.to_owned(),
            messages: Vec::new(),
            missing: None,
        })
    }

    /// Sends a request with a body of JSON; further lines of the head are in `lines`.
    pub fn send(&mut self, method: &str, path: &str, lines: &str, body: &str) {
        let length = match lines.contains("Content-Length") {
            true => String::new(),
            false => format!("Content-Length: {}\r\n", body.len()),
        };
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: service\r\nContent-Type: application/json\r\n{length}{lines}\r\n{body}"
        );
        let _ = self.stream.get_mut().write_all(request.as_bytes());
        let shown: String = body.chars().take(24).collect();
        self.note(
            true,
            format!("{method} {path} {}{shown}", lines.replace("\r\n", " ")),
        );
    }

    /// The reply; `None` if it is not complete after `limit`, or is no HTTP.
    pub fn reply(&mut self, limit: Duration) -> Option<Reply> {
        let _ = self.stream.get_ref().set_read_timeout(Some(limit));
        let reply = read(&mut self.stream);
        self.missing = reply.as_ref().err().copied();
        let words = match &reply {
            Ok(reply) => reply.words(),
            Err(Missing::Closed) => "(closed)".to_owned(),
            Err(Missing::Other) => "(no HTTP)".to_owned(),
            Err(_) => "(no complete reply)".to_owned(),
        };
        self.note(false, words);
        reply.ok()
    }

    fn note(&mut self, by_client: bool, text: String) {
        self.messages.push(Message { by_client, text });
    }

    /// A failure of this request.
    pub fn fails(&self, expected: &str, reply: Option<&Reply>, belief: Option<Belief>) -> Failure {
        let missing = self.missing.unwrap_or(Missing::Late).words();
        let happened = reply.map_or(missing.to_owned(), Reply::words);
        let mut failure = Failure::new(&self.situation, expected, happened, belief);
        failure.messages.clone_from(&self.messages);
        failure
    }
}

/// Why there is no reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// It was not complete in time.
    Late,
    /// The connection ended before.
    Closed,
    /// Its head has no length, and the connection stays open.
    NoEnd,
    /// What came is no reply of HTTP/1.1.
    Other,
}

impl From<std::io::Error> for Missing {
    fn from(e: std::io::Error) -> Self {
        match e.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => Self::Late,
            ErrorKind::InvalidData => Self::Other,
            _ => Self::Closed,
        }
    }
}

impl Missing {
    fn words(self) -> &'static str {
        match self {
            Self::Late => "no complete reply in time",
            Self::Closed => "closed the connection without a complete reply",
            Self::NoEnd => "a head without Content-Length, and no end of the body in time",
            Self::Other => "what it sent is no reply of HTTP/1.1",
        }
    }
}

/// One reply of HTTP/1.1: by its length, in chunks, or until the connection closes.
fn read(stream: &mut BufReader<TcpStream>) -> Result<Reply, Missing> {
    let mut reply = Reply::default();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line)? == 0 {
            return Err(Missing::Closed);
        }
        if line.trim().is_empty() {
            break;
        }
        reply.head.push_str(&line);
    }
    let status = reply.head.split_whitespace().nth(1);
    let status = status.and_then(|status| status.parse().ok());
    reply.status = status.ok_or(Missing::Other)?;
    let chunked = reply
        .header("transfer-encoding")
        .is_some_and(|coding| coding.eq_ignore_ascii_case("chunked"));
    let length = reply.header("content-length").map(str::parse);
    let body = match length {
        _ if chunked => chunks(stream)?,
        Some(length) => {
            let length: u64 = length.map_err(|_| Missing::Other)?;
            let mut body = Vec::new();
            let got = stream.take(length).read_to_end(&mut body)?;
            if (got as u64) < length {
                return Err(Missing::Closed);
            }
            body
        }
        None => {
            let mut body = Vec::new();
            let read = stream.take(LONGEST).read_to_end(&mut body);
            read.map_err(|e| match e.into() {
                Missing::Late => Missing::NoEnd,
                other => other,
            })?;
            body
        }
    };
    reply.body = String::from_utf8_lossy(&body).into_owned();
    Ok(reply)
}

/// A body in chunks, without trailers.
///
/// # Errors
/// What reading says, or that a size is none.
pub fn chunks(stream: &mut impl BufRead) -> Result<Vec<u8>, Missing> {
    let mut body = Vec::new();
    loop {
        let mut size = String::new();
        stream.read_line(&mut size)?;
        let size = u64::from_str_radix(size.trim(), 16).map_err(|_| Missing::Other)?;
        stream.take(size.saturating_add(2)).read_to_end(&mut body)?;
        body.truncate(body.len().saturating_sub(2));
        if size == 0 {
            return Ok(body);
        }
    }
}
