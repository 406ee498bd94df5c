//! Stage 13: an HTTP API: routes, status codes, a limit for bodies, and deadlines that are passed on.

use std::fmt::Write as _;
use std::io::Read;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::consul::within;
use crate::http::{Client, Missing, Reply};
use crate::service::Service;
use crate::told::{Belief, Failure};

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
const GREETS: Belief = &(
    "an-empty-field-is-a-value",
    "Validate the body before you greet: `name` is a text of at least one character. All else is 400.",
);
const ONE_REQUEST: Belief = &(
    "one-request-a-connection",
    "HTTP/1.1 keeps a connection open for further requests, unless one side says `Connection: close`.",
);
const NO_END: Belief = &(
    "a-body-ends-with-its-text",
    "On a connection that stays open, the client cannot see where a body ends: send `Content-Length`, or chunks.",
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
    "Give the call to the neighbour the time that is left. After `X-Timeout-Ms` the client gets 504.",
);
const GOES_ON: Belief = &(
    "the-reply-ends-the-work",
    "The client has its 504, and the work behind it goes on. Cancel it: close the connection to the neighbour.",
);

/// Judges stage 13.
pub fn judge(service: &mut Service) -> Result<(), Failure> {
    routes(service)?;
    errors(service)?;
    bodies(service)?;
    neighbour(service)
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
            let belief = match client.missing {
                Some(Missing::NoEnd) => Some(NO_END),
                Some(Missing::Closed) if name != "Ali" => Some(ONE_REQUEST),
                _ => None,
            };
            return Err(client.fails(&expected, reply.as_ref(), belief));
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
            let greets = |reply: &Reply| reply.body.contains("\"hello ");
            let belief = match (got, status) {
                (Some(200..=299), 400) if reply.as_ref().is_some_and(greets) => Some(GREETS),
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
            reply => {
                // A closed connection says nothing about the limit.
                let belief = (client.missing != Some(Missing::Closed)).then_some(LIMIT);
                return Err(client.fails("413", reply.as_ref(), belief));
            }
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
            let late = (client.missing == Some(Missing::Late)).then_some(PASSED_ON);
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
