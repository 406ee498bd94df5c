//! Stage 13: a door for HTTP: routes, status codes, a limit for bodies, and deadlines that are passed on.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::consul::within;
use crate::service::Service;
use crate::told::{Belief, Failure, Message};

/// A reply that waits for nothing comes within this time.
const SOON: Duration = Duration::from_millis(1000);
/// The deadline that the judge sends, in milliseconds.
const DEADLINE: u64 = 300;
/// So long after the deadline the service may still work.
const AFTER: Duration = Duration::from_millis(500);
/// The largest body, in bytes.
const BODY: usize = 64 * 1024;

const OK_FOR_ALL: Belief = &(
    "the-body-says-it",
    "Proxies, caches and clients read the status, not the body. What has failed needs a status of 400 or more.",
);
const ALL_500: Belief = &(
    "an-error-is-a-500",
    "500 says that the service has a fault. A request that is wrong gets a status of 4xx: it fails again.",
);
const METHOD: Belief = &(
    "no-route-is-not-found",
    "The path exists, the method does not: 405, with `Allow` and the methods that do.",
);
const LIMIT: Belief = &(
    "bodies-are-small",
    "Compare `Content-Length` with the limit before you read, and stop reading at the limit where there is none: 413.",
);
const GONE: Belief = &(
    "a-neighbour-is-part-of-me",
    "UNAVAILABLE of gRPC is 503 of HTTP: the client may try again later. 500 says that your own service has a fault.",
);
const PASSED_ON: Belief = &(
    "a-deadline-ends-at-the-door",
    "Give the call behind the door the time that is left. After `X-Timeout-Ms` the client gets 504.",
);
const GOES_ON: Belief = &(
    "the-reply-ends-the-work",
    "The client has its 504, and the work behind it goes on. Cancel it: close the connection to the neighbour.",
);

/// Judges stage 13.
///
/// # Errors
/// The first thing that is wrong.
pub fn judge(service: &mut Service) -> Result<(), Failure> {
    routes(service)?;
    errors(service)?;
    bodies(service)?;
    neighbour(service)
}

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
    fn header(&self, name: &str) -> Option<&str> {
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
}

impl Client {
    /// Connects; `situation` is what a failure begins with.
    ///
    /// # Errors
    /// A failure if the service does not accept.
    pub fn open(service: &Service, situation: &str) -> Result<Self, Failure> {
        let at = service.world.http;
        let stream = TcpStream::connect_timeout(&at, SOON).map_err(|e| {
            let happened = format!("did not accept: {e}");
            Failure::new(situation, "a connection to HTTP_ADDR", happened, None)
        })?;
        let _ = stream.set_nodelay(true);
        Ok(Self {
            stream: BufReader::new(stream),
            situation: situation.to_owned(),
            messages: Vec::new(),
        })
    }

    /// Sends a request with a body of JSON; further lines of the head are in `lines`.
    pub fn send(&mut self, method: &str, path: &str, lines: &str, body: &str) {
        let length = match lines.contains("Content-Length") {
            true => String::new(),
            false => format!("Content-Length: {}\r\n", body.len()),
        };
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: door\r\nContent-Type: application/json\r\n{length}{lines}\r\n{body}"
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
        let words = reply.as_ref().map_or("(no reply)".into(), Reply::words);
        self.note(false, words);
        reply
    }

    fn note(&mut self, by_client: bool, text: String) {
        self.messages.push(Message { by_client, text });
    }

    /// A failure of this request.
    pub fn fails(&self, expected: &str, reply: Option<&Reply>, belief: Option<Belief>) -> Failure {
        let happened = reply.map_or("no complete reply in time".to_owned(), Reply::words);
        let mut failure = Failure::new(&self.situation, expected, happened, belief);
        failure.messages.clone_from(&self.messages);
        failure
    }
}

/// One reply of HTTP/1.1: by its length, in chunks, or until the connection closes.
fn read(stream: &mut BufReader<TcpStream>) -> Option<Reply> {
    let mut reply = Reply::default();
    loop {
        let mut line = String::new();
        stream
            .read_line(&mut line)
            .ok()
            .filter(|count| *count > 0)?;
        if line.trim().is_empty() {
            break;
        }
        reply.head.push_str(&line);
    }
    let mut words = reply.head.split_whitespace();
    reply.status = words.nth(1)?.parse().ok()?;
    let mut body = Vec::new();
    let chunked = reply.header("transfer-encoding") == Some("chunked");
    let length = reply.header("content-length").and_then(|n| n.parse().ok());
    if chunked {
        loop {
            let mut size = String::new();
            stream.read_line(&mut size).ok()?;
            let size = u64::from_str_radix(size.trim(), 16).ok()?;
            stream.by_ref().take(size + 2).read_to_end(&mut body).ok()?;
            body.truncate(body.len().saturating_sub(2));
            if size == 0 {
                break;
            }
        }
    } else {
        stream
            .take(length.unwrap_or(BODY as u64))
            .read_to_end(&mut body)
            .ok()?;
    }
    reply.body = String::from_utf8_lossy(&body).into_owned();
    Some(reply)
}

/// `POST /greet` and `GET /healthz`, one after the other on one connection.
fn routes(service: &Service) -> Result<(), Failure> {
    let mut client = Client::open(service, "POST /greet, twice on one connection")?;
    for name in ["Ali", "Zoë 你好"] {
        let mut body = String::new();
        let _ = write!(body, "{}", serde_json::json!({ "name": name }));
        client.send("POST", "/greet", "", &body);
        let reply = client.reply(SOON);
        let expected = format!("200, {{\"message\":\"hello {name}\"}}");
        let told: Option<Value> = reply
            .as_ref()
            .filter(|reply| reply.status == 200)
            .and_then(|reply| serde_json::from_str(&reply.body).ok());
        if told.is_none_or(|told| told["message"] != format!("hello {name}")) {
            return Err(client.fails(&expected, reply.as_ref(), None));
        }
        let kind = reply
            .as_ref()
            .and_then(|reply| reply.header("content-type"));
        if !kind.is_some_and(|kind| kind.starts_with("application/json")) {
            let expected = "the head has `Content-Type: application/json`";
            let mut failure = client.fails(expected, reply.as_ref(), None);
            failure.happened = format!("Content-Type: {}", kind.unwrap_or("none"));
            return Err(failure);
        }
    }
    let mut client = Client::open(service, "GET /healthz")?;
    client.send("GET", "/healthz", "", "");
    match client.reply(SOON) {
        Some(reply) if reply.status == 200 => Ok(()),
        reply => Err(client.fails("200", reply.as_ref(), None)),
    }
}

/// Requests that are wrong, each on a connection of its own.
fn errors(service: &Service) -> Result<(), Failure> {
    for (situation, method, path, body, status) in [
        (
            "A name that is empty",
            "POST",
            "/greet",
            "{\"name\":\"\"}",
            400,
        ),
        (
            "A body that is no JSON",
            "POST",
            "/greet",
            "{\"name\":",
            400,
        ),
        ("A body without a name", "POST", "/greet", "{}", 400),
        (
            "A name that is no text",
            "POST",
            "/greet",
            "{\"name\":7}",
            400,
        ),
        ("An unknown path", "POST", "/nowhere", "{}", 404),
        (
            "A method that the path does not have",
            "GET",
            "/greet",
            "",
            405,
        ),
    ] {
        let mut client = Client::open(service, situation)?;
        client.send(method, path, "", body);
        let reply = client.reply(SOON);
        let got = reply.as_ref().map(|reply| reply.status);
        if got != Some(status) {
            let belief = match (got, status) {
                (Some(200..=299), _) => Some(OK_FOR_ALL),
                (Some(500..), _) => Some(ALL_500),
                (Some(404), 405) => Some(METHOD),
                _ => None,
            };
            return Err(client.fails(&status.to_string(), reply.as_ref(), belief));
        }
        if status == 405 {
            let allow = reply.as_ref().and_then(|reply| reply.header("allow"));
            if !allow.is_some_and(|allow| allow.contains("POST")) {
                let expected = "405, and the head has `Allow: POST`";
                return Err(client.fails(expected, reply.as_ref(), Some(METHOD)));
            }
        }
    }
    Ok(())
}

/// Bodies up to the limit, above it, and only announced.
fn bodies(service: &Service) -> Result<(), Failure> {
    let body = |size: usize| format!("{{\"name\":\"{}\"}}", "a".repeat(size - 11));
    let mut client = Client::open(service, "A body of 64 KiB")?;
    client.send("POST", "/greet", "", &body(BODY));
    match client.reply(SOON) {
        Some(reply) if reply.status == 200 => {}
        reply => return Err(client.fails("200: the limit is 64 KiB", reply.as_ref(), None)),
    }
    let chunk = "a".repeat(BODY + 1);
    let chunked = format!("{:x}\r\n{chunk}\r\n0\r\n\r\n", chunk.len());
    for (situation, lines, body) in [
        (
            "A body of 100 MB is announced, and none of it is sent",
            "Content-Length: 100000000\r\n",
            String::new(),
        ),
        ("A body of 64 KiB and one byte", "", body(BODY + 1)),
        (
            "A body in chunks, without Content-Length, of more than 64 KiB",
            "Transfer-Encoding: chunked\r\n",
            chunked,
        ),
    ] {
        let mut client = Client::open(service, situation)?;
        let lines = match lines.contains("chunked") {
            // `send` adds a length where this word is missing.
            true => format!("{lines}X-No: Content-Length\r\n"),
            false => lines.to_owned(),
        };
        client.send("POST", "/greet", &lines, &body);
        match client.reply(SOON) {
            Some(reply) if reply.status == 413 => {}
            reply => return Err(client.fails("413", reply.as_ref(), Some(LIMIT))),
        }
    }
    Ok(())
}

/// The name `slow`: a neighbour that closes, and one that is slower than the client.
fn neighbour(service: &Service) -> Result<(), Failure> {
    let slow = service.world.slow;
    let trouble = |e: std::io::Error| {
        Failure::new(
            "The judge plays the neighbour",
            "it can",
            e.to_string(),
            None,
        )
    };
    let listener = TcpListener::bind(slow).map_err(trouble)?;
    listener.set_nonblocking(true).map_err(trouble)?;
    let accept = || within(SOON, || listener.accept().ok()).map(|(stream, _)| stream);

    let mut client = Client::open(
        service,
        "The name \"slow\"; the neighbour closes without a line",
    )?;
    client.send("POST", "/greet", "", "{\"name\":\"slow\"}");
    drop(accept());
    match client.reply(SOON) {
        Some(reply) if reply.status == 503 => {}
        reply => {
            let belief = reply.as_ref().is_some_and(|reply| reply.status >= 500);
            return Err(client.fails("503", reply.as_ref(), belief.then_some(GONE)));
        }
    }

    let situation = format!(
        "The name \"slow\" with X-Timeout-Ms: {DEADLINE}; the neighbour accepts, and sends nothing"
    );
    let mut client = Client::open(service, &situation)?;
    let lines = format!("X-Timeout-Ms: {DEADLINE}\r\n");
    client.send("POST", "/greet", &lines, "{\"name\":\"slow\"}");
    let Some(mut stream) = accept() else {
        let reply = client.reply(SOON);
        let expected = "the service connects to SLOW_ADDR";
        return Err(client.fails(expected, reply.as_ref(), None));
    };
    let since = Instant::now();
    let deadline = Duration::from_millis(DEADLINE);
    match client.reply(deadline + AFTER) {
        Some(reply) if reply.status == 504 => {}
        reply => {
            let expected = format!("504 after {DEADLINE} ms");
            let late = reply.is_none().then_some(PASSED_ON);
            return Err(client.fails(&expected, reply.as_ref(), late));
        }
    }
    let left = (deadline + AFTER).saturating_sub(since.elapsed());
    let _ = stream.set_nonblocking(false);
    let _ = stream.set_read_timeout(Some(left.max(Duration::from_millis(1))));
    // The end of the stream, or a reset: both are the end of the connection.
    let open = matches!(stream.read(&mut [0; 64]), Err(e) if matches!(e.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut));
    if open {
        let expected = format!(
            "it closes its connection to the neighbour {} ms after the deadline at most",
            AFTER.as_millis()
        );
        let mut failure = client.fails(&expected, None, Some(GOES_ON));
        failure.happened = "the connection to the neighbour is still open".to_owned();
        return Err(failure);
    }
    Ok(())
}
