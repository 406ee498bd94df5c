//! A gRPC client on HTTP/2 alone, with just enough of Protocol Buffers: it sees what a library hides, and the
//! judge is built without one.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use h2::client::{ResponseFuture, SendRequest};
use http::{HeaderMap, Request};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::told::{Belief, Failure, Message, quoted};

/// A call without a deadline of its own is given up after this time.
const LIMIT: Duration = Duration::from_secs(2);

/// So many bytes a service may send before they are read.
const WINDOW: u32 = 1 << 20;

/// What a call has brought.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reply {
    /// The status code, if one was sent.
    pub status: Option<u32>,
    /// Its text.
    pub text: String,
    /// The messages, without their prefix of five bytes.
    pub messages: Vec<Vec<u8>>,
    /// Why there is no status.
    pub trouble: Option<String>,
}

impl Reply {
    /// In words.
    pub fn words(&self) -> String {
        if let Some(trouble) = &self.trouble {
            return trouble.clone();
        }
        let status = self.status.map_or_else(|| "no status".to_owned(), name);
        match self.messages.first() {
            Some(message) if self.status == Some(0) => {
                let text = field(message, 1).unwrap_or_else(|| message.clone());
                format!("{status}, {}", quoted(&text))
            }
            None if self.status == Some(0) => format!("{status}, no message"),
            _ => format!("{status}, {:?}", self.text),
        }
    }

    /// The status in words, without the messages.
    pub fn status_words(&self) -> String {
        match (&self.trouble, self.status) {
            (Some(trouble), _) => trouble.clone(),
            (None, Some(0)) => name(0),
            (None, Some(status)) => format!("{}, {:?}", name(status), self.text),
            (None, None) => "no status".to_owned(),
        }
    }

    /// The text in field 1 of the first message.
    pub fn greeting(&self) -> Option<String> {
        let message = self.messages.first()?;
        let text = if message.is_empty() {
            Vec::new()
        } else {
            field(message, 1)?
        };
        String::from_utf8(text).ok()
    }
}

/// A status code by its name.
pub fn name(code: u32) -> String {
    let names = [
        "OK",
        "CANCELLED",
        "UNKNOWN",
        "INVALID_ARGUMENT",
        "DEADLINE_EXCEEDED",
        "NOT_FOUND",
        "ALREADY_EXISTS",
        "PERMISSION_DENIED",
        "RESOURCE_EXHAUSTED",
        "FAILED_PRECONDITION",
        "ABORTED",
        "OUT_OF_RANGE",
        "UNIMPLEMENTED",
        "INTERNAL",
        "UNAVAILABLE",
        "DATA_LOSS",
        "UNAUTHENTICATED",
    ];
    let name = usize::try_from(code).ok().and_then(|code| names.get(code));
    name.map_or_else(|| format!("status {code}"), |name| (*name).to_owned())
}

/// A connection; calls on its clones share it.
#[derive(Clone)]
pub struct Connection(SendRequest<Bytes>);

impl Connection {
    /// Connects.
    ///
    /// # Errors
    /// A failure if the service does not speak HTTP/2.
    pub async fn open(at: SocketAddr) -> Result<Self, Failure> {
        let opened = timeout(LIMIT, async {
            let stream = TcpStream::connect(at).await?;
            let _ = stream.set_nodelay(true);
            let mut settings = h2::client::Builder::new();
            settings
                .initial_window_size(WINDOW)
                .initial_connection_window_size(WINDOW);
            let (sender, connection) = settings
                .handshake(stream)
                .await
                .map_err(std::io::Error::other)?;
            tokio::spawn(connection);
            sender.ready().await.map_err(std::io::Error::other)
        });
        let why = match opened.await {
            Ok(Ok(sender)) => return Ok(Self(sender)),
            Ok(Err(e)) => e.to_string(),
            Err(_) => format!("nothing within {} s", LIMIT.as_secs()),
        };
        let situation = format!("A gRPC client connects to {at}");
        Err(Failure::new(
            &situation,
            "speaks HTTP/2 without TLS",
            why,
            None,
        ))
    }

    /// Begins a call. The second half is kept: dropping it cancels the call.
    pub async fn begin(
        &self,
        path: &str,
        message: &[u8],
        deadline: Option<Duration>,
    ) -> Result<(ResponseFuture, h2::SendStream<Bytes>), h2::Error> {
        let (response, mut body) = self.request(path, deadline).await?;
        body.send_data(frame(message), true)?;
        Ok((response, body))
    }

    async fn request(
        &self,
        path: &str,
        deadline: Option<Duration>,
    ) -> Result<(ResponseFuture, h2::SendStream<Bytes>), h2::Error> {
        let mut request = Request::post(format!("http://judge{path}"))
            .header("content-type", "application/grpc")
            .header("te", "trailers");
        if let Some(deadline) = deadline {
            request = request.header("grpc-timeout", format!("{}m", deadline.as_millis()));
        }
        let request = request
            .body(())
            .map_err(|_| h2::Error::from(h2::Reason::INTERNAL_ERROR))?;
        self.0.clone().ready().await?.send_request(request, false)
    }

    /// Begins a call with a stream in each direction.
    pub async fn open_stream(&self, path: &str) -> Result<(Writer, Reader), h2::Error> {
        let (response, body) = self.request(path, None).await?;
        let writer = Writer {
            body,
            rest: Bytes::new(),
        };
        let reader = Reader {
            response: Some(response),
            body: None,
            bytes: Vec::new(),
            reply: Reply::default(),
        };
        Ok((writer, reader))
    }

    /// Makes a call to its end.
    pub async fn call(&self, path: &str, message: &[u8], deadline: Option<Duration>) -> Reply {
        let whole = async {
            let (response, _body) = self.begin(path, message, deadline).await?;
            finish(response).await
        };
        match timeout(LIMIT, whole).await {
            Ok(Ok(reply)) => reply,
            Ok(Err(e)) => trouble(format!("the stream ended without a status: {e}")),
            Err(_) => trouble(format!("no status within {} s", LIMIT.as_secs())),
        }
    }
}

/// A message with its prefix of five bytes.
fn frame(message: &[u8]) -> Bytes {
    let length = u32::try_from(message.len())
        .unwrap_or(u32::MAX)
        .to_be_bytes();
    Bytes::from([&[0][..], &length, message].concat())
}

/// The caller's direction of a stream. It sends no more than the service is ready to take.
pub struct Writer {
    body: h2::SendStream<Bytes>,
    /// What is not yet sent of the message that was begun.
    rest: Bytes,
}

impl Writer {
    /// Sends a message. A call that is dropped has sent a part: `finish` sends the rest.
    pub async fn send(&mut self, message: &[u8]) -> Result<(), h2::Error> {
        self.rest = frame(message);
        self.finish().await
    }

    /// Sends the rest of the message that was begun.
    pub async fn finish(&mut self) -> Result<(), h2::Error> {
        while !self.rest.is_empty() {
            self.body.reserve_capacity(self.rest.len());
            let capacity = std::future::poll_fn(|context| self.body.poll_capacity(context)).await;
            let capacity = capacity.ok_or(h2::Reason::STREAM_CLOSED)??;
            let part = self.rest.split_to(capacity.min(self.rest.len()));
            self.body.send_data(part, false)?;
        }
        Ok(())
    }

    /// Ends this direction.
    pub fn end(&mut self) {
        let _ = self.body.send_data(Bytes::new(), true);
    }
}

/// The service's direction of a stream.
pub struct Reader {
    response: Option<ResponseFuture>,
    body: Option<h2::RecvStream>,
    bytes: Vec<u8>,
    /// The status, when the stream has ended.
    pub reply: Reply,
}

impl Reader {
    /// The next message; none at the end. A call that is dropped loses nothing.
    pub async fn next(&mut self) -> Option<Vec<u8>> {
        match self.read().await {
            Ok(message) => message,
            Err(e) => {
                self.reply.trouble = Some(format!("the stream ended without a status: {e}"));
                None
            }
        }
    }

    async fn read(&mut self) -> Result<Option<Vec<u8>>, h2::Error> {
        if let Some(response) = &mut self.response {
            let (head, body) = response.await?.into_parts();
            self.response = None;
            if head.status != 200 {
                self.reply.trouble = Some(format!("the HTTP status {}", head.status));
                return Ok(None);
            }
            self.reply.read(&head.headers);
            self.body = Some(body);
        }
        let Some(body) = &mut self.body else {
            return Ok(None);
        };
        loop {
            if let [_, a, b, c, d, more @ ..] = &self.bytes[..] {
                let length = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
                if more.len() >= length {
                    let message = more[..length].to_vec();
                    self.bytes.drain(..length + 5);
                    return Ok(Some(message));
                }
            }
            let Some(chunk) = body.data().await else {
                break;
            };
            let chunk = chunk?;
            let _ = body.flow_control().release_capacity(chunk.len());
            self.bytes.extend_from_slice(&chunk);
        }
        if let Some(trailers) = body.trailers().await? {
            self.reply.read(&trailers);
        }
        Ok(None)
    }
}

fn trouble(words: String) -> Reply {
    Reply {
        trouble: Some(words),
        ..Reply::default()
    }
}

/// Reads the rest of a call.
pub async fn finish(response: ResponseFuture) -> Result<Reply, h2::Error> {
    let (head, mut body) = response.await?.into_parts();
    let mut reply = Reply::default();
    if head.status != 200 {
        reply.trouble = Some(format!("the HTTP status {}", head.status));
        return Ok(reply);
    }
    reply.read(&head.headers);
    let mut bytes = Vec::new();
    while let Some(chunk) = body.data().await {
        let chunk = chunk?;
        let _ = body.flow_control().release_capacity(chunk.len());
        bytes.extend_from_slice(&chunk);
    }
    if let Some(trailers) = body.trailers().await? {
        reply.read(&trailers);
    }
    let mut rest = &bytes[..];
    while let [_, a, b, c, d, more @ ..] = rest {
        let length = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
        let length = length.min(more.len());
        reply.messages.push(more[..length].to_vec());
        rest = &more[length..];
    }
    Ok(reply)
}

impl Reply {
    fn read(&mut self, headers: &HeaderMap) {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        if let Some(status) = text("grpc-status").and_then(|text| text.parse().ok()) {
            self.status = Some(status);
            self.text = decoded(text("grpc-message").unwrap_or_default());
        }
    }
}

/// The text of a status travels percent-encoded.
fn decoded(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text);
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend_from_slice(before.as_bytes());
        let hex = after
            .get(..2)
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(hex.unwrap_or(b'%'));
        rest = if hex.is_some() { &after[2..] } else { after };
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A message whose field `number` is `text`.
pub fn text(number: u8, text: &str) -> Vec<u8> {
    if text.is_empty() {
        return Vec::new();
    }
    let mut message = vec![number << 3 | 2];
    let mut length = text.len();
    while length > 0x7f {
        message.push(length.to_le_bytes()[0] | 0x80);
        length >>= 7;
    }
    message.push(length.to_le_bytes()[0]);
    message.extend_from_slice(text.as_bytes());
    message
}

/// The first field `number` of `message`: its bytes, or a number as one byte or more, least first.
pub fn field(message: &[u8], number: u64) -> Option<Vec<u8>> {
    let mut rest = message;
    while !rest.is_empty() {
        let key = varint(&mut rest)?;
        let value = match key & 7 {
            0 => varint(&mut rest)?.to_le_bytes().to_vec(),
            2 => {
                let length = usize::try_from(varint(&mut rest)?).ok()?;
                let value = rest.get(..length)?.to_vec();
                rest = &rest[length..];
                value
            }
            _ => return None,
        };
        if key >> 3 == number {
            return Some(value);
        }
    }
    None
}

fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (first, more) = rest.split_first()?;
        *rest = more;
        value |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// A failure of one call, with its picture.
pub fn failure(
    situation: &str,
    call: &str,
    expected: &str,
    reply: &Reply,
    belief: Option<Belief>,
) -> Failure {
    let mut failure = Failure::new(situation, expected, reply.words(), belief);
    for (by_client, text) in [(true, call.to_owned()), (false, reply.words())] {
        failure.messages.push(Message { by_client, text });
    }
    failure
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_a_status_is_decoded() {
        assert_eq!(
            decoded("timed%20out %E4%BD%A0 100%"),
            "timed out \u{4f60} 100%"
        );
    }

    #[test]
    fn a_field_is_written_and_read() {
        let long = "x".repeat(100_000);
        assert_eq!(field(&text(1, &long), 1), Some(long.into_bytes()));
        assert_eq!(field(&text(7, "*"), 1), None);
        assert_eq!(field(&[8, 1], 1).unwrap()[0], 1);
        assert_eq!(field(&[10, 5, b'a'], 1), None, "cut off");
    }
}
