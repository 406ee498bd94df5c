//! The gRPC check: calls `grpc.health.v1.Health/Check` and wants SERVING.
//!
//! One call, written on the bare HTTP/2 that gRPC runs on (the crate `h2`, on which tonic stands as
//! well). tonic's own health client would be three lines, but it brings a channel, a code generator's
//! output and TLS into a lesson that has no other use for them, and every exercise would link them.
//! Lesson 05 shows the bytes of the message, lesson 06 those of the frame.

use axum::body::Bytes;
use axum::http::{HeaderMap, Request};
use h2::RecvStream;
use tokio::task::JoinHandle;

use crate::check::Status;
use crate::check::tcp::dial;

/// A health answer is two bytes; no server may send much more.
const ANSWER: usize = 4096;

/// Asks about the server as a whole, or about the service behind the slash: `host:port/service`.
pub async fn check(target: &str) -> (Status, String) {
    let (address, service) = target.split_once('/').unwrap_or((target, ""));
    match ask(address, service).await {
        Ok(SERVING) => (Status::Passing, format!("gRPC check {target}: success")),
        Ok(_) => (
            Status::Critical,
            "gRPC application didn't report service healthy".into(),
        ),
        Err((code, words)) => (
            Status::Critical,
            format!("rpc error: code = {code} desc = {words}"),
        ),
    }
}

const SERVING: u8 = 1;

type Failure = (&'static str, String);

async fn ask(address: &str, service: &str) -> Result<u8, Failure> {
    let stream = dial(address).await.map_err(|words| {
        let words = format!("transport: Error while dialing {words}");
        ("Unavailable", format!("connection error: desc = {words:?}"))
    })?;
    let broken = |error: h2::Error| ("Unavailable", error.to_string());
    let (send, connection) = h2::client::handshake(stream).await.map_err(broken)?;
    let _connection = Ended(tokio::spawn(async move {
        // Whatever ends the connection ends the call as well, and is told there.
        drop(connection.await);
    }));
    let request = Request::post(format!("http://{address}/grpc.health.v1.Health/Check"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("user-agent", "Consul Health Check")
        .body(())
        .map_err(|error| ("Internal", error.to_string()))?;
    let mut send = send.ready().await.map_err(broken)?;
    let (answer, mut stream) = send.send_request(request, false).map_err(broken)?;
    stream
        .send_data(Bytes::from(frame(service)), true)
        .map_err(broken)?;
    let (head, body) = answer.await.map_err(broken)?.into_parts();
    // A server that fails at once says so in the first headers; they are the last ones then, too.
    verdict(&head.headers)?;
    if head.status != 200 {
        return Err((
            "Unknown",
            format!("unexpected HTTP status code: {}", head.status),
        ));
    }
    let (message, trailers) = read(body).await?;
    verdict(&trailers)?;
    status_in(&message).ok_or(("Internal", "not a health answer".into()))
}

/// `HealthCheckRequest { service }` in gRPC's frame: not compressed, the length, the message.
fn frame(service: &str) -> Vec<u8> {
    let mut message = Vec::new();
    if !service.is_empty() {
        message.push(0x0a);
        let mut length = service.len();
        while length > 0x7f {
            message.push(length.to_le_bytes()[0] | 0x80);
            length >>= 7;
        }
        message.push(length.to_le_bytes()[0]);
        message.extend_from_slice(service.as_bytes());
    }
    // An address of four gigabytes does not get past the limit on a registration.
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
    let mut frame = vec![0];
    frame.extend_from_slice(&length.to_be_bytes());
    frame.extend_from_slice(&message);
    frame
}

async fn read(mut body: RecvStream) -> Result<(Vec<u8>, HeaderMap), Failure> {
    let broken = |error: h2::Error| ("Unavailable", error.to_string());
    let mut message = Vec::new();
    while let Some(piece) = body.data().await {
        let piece = piece.map_err(broken)?;
        if message.len() + piece.len() > ANSWER {
            return Err(("ResourceExhausted", "the answer is too long".into()));
        }
        message.extend_from_slice(&piece);
    }
    Ok((
        message,
        body.trailers().await.map_err(broken)?.unwrap_or_default(),
    ))
}

/// The status in the framed `HealthCheckResponse`. 0, which is UNKNOWN, is not written at all.
fn status_in(frame: &[u8]) -> Option<u8> {
    match frame {
        [0, 0, 0, 0, 0] => Some(0),
        [0, 0, 0, 0, 2, 0x08, status] => Some(*status),
        _ => None,
    }
}

/// `grpc-status` and `grpc-message`, if they are there.
fn verdict(headers: &HeaderMap) -> Result<(), Failure> {
    const CODES: [&str; 17] = [
        "OK",
        "Canceled",
        "Unknown",
        "InvalidArgument",
        "DeadlineExceeded",
        "NotFound",
        "AlreadyExists",
        "PermissionDenied",
        "ResourceExhausted",
        "FailedPrecondition",
        "Aborted",
        "OutOfRange",
        "Unimplemented",
        "Internal",
        "Unavailable",
        "DataLoss",
        "Unauthenticated",
    ];
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match text("grpc-status") {
        None | Some("0") => Ok(()),
        Some(code) => {
            let code = code.parse().ok().and_then(|code: usize| CODES.get(code));
            let words = crate::extra::path::unescape(text("grpc-message").unwrap_or(""));
            Err((
                code.copied().unwrap_or("Unknown"),
                words.unwrap_or_default(),
            ))
        }
    }
}

/// Ends a task when its owner is done or has been given up.
struct Ended(JoinHandle<()>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_are_those_of_the_contract() {
        assert_eq!(frame(""), [0, 0, 0, 0, 0]);
        assert_eq!(frame("ab"), [0, 0, 0, 0, 4, 0x0a, 2, b'a', b'b']);
        assert_eq!(frame(&"x".repeat(200))[5..8], [0x0a, 0xc8, 1]);
        assert_eq!(status_in(&[0, 0, 0, 0, 2, 8, 1]), Some(SERVING));
        assert_eq!(status_in(b"HTTP/1.1 400"), None);
    }

    #[tokio::test]
    async fn nobody_there_is_unavailable() {
        let (status, output) = check("127.0.0.1:1").await;
        assert_eq!(status, Status::Critical);
        assert!(output.starts_with("rpc error: code = Unavailable desc = connection error"));
    }
}
