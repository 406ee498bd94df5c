//! One HTTP request and its answer, as curl would make it, on hyper's client: for demos and tests.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{HOST, HeaderName, HeaderValue};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long an exchange may take unless the request says otherwise.
const PATIENCE: Duration = Duration::from_secs(60);

/// The largest body of an answer in bytes unless the request says otherwise.
const LARGEST: usize = 16 << 20;

/// A request, which can be sent more than once.
#[derive(Clone, Debug)]
pub struct Request {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    patience: Duration,
    largest: usize,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status code: 200 and so on.
    pub status: u16,
    /// Name, in small letters, and value of each header, in their order.
    pub headers: Vec<(String, String)>,
    /// The body without its chunks.
    pub body: Vec<u8>,
}

impl Request {
    /// A request without headers and body. `target` is path and query, such as `/a?b=c`.
    #[must_use]
    pub fn new(method: &str, target: impl Into<String>) -> Self {
        Request {
            method: method.to_string(),
            target: target.into(),
            headers: Vec::new(),
            body: Vec::new(),
            patience: PATIENCE,
            largest: LARGEST,
        }
    }

    /// `GET`.
    #[must_use]
    pub fn get(target: impl Into<String>) -> Self {
        Request::new("GET", target)
    }

    /// `PUT` of a body, or of none.
    #[must_use]
    pub fn put(target: impl Into<String>, body: impl Into<Vec<u8>>) -> Self {
        Request::new("PUT", target).body(body)
    }

    /// `POST` of JSON, or of what should be JSON.
    #[must_use]
    pub fn post_json(target: impl Into<String>, json: impl Into<Vec<u8>>) -> Self {
        let request = Request::new("POST", target).body(json);
        request.header("content-type", "application/json")
    }

    /// The same with a header more.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_string(), value.into()));
        self
    }

    /// The same with this body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// The same with this much time for the whole exchange, connecting included; 60 s without it.
    #[must_use]
    pub fn within(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// The same with this limit for the body of the answer in bytes; 16 MiB without it.
    #[must_use]
    pub fn at_most(mut self, largest: usize) -> Self {
        self.largest = largest;
        self
    }

    /// Sends it in a connection of its own, and reads the answer to its end.
    ///
    /// # Errors
    /// `TimedOut` after the time of [`Request::within`], `InvalidData` if the answer is not HTTP or too
    /// long, `InvalidInput` if target or headers are not allowed in HTTP, and errors of the connection.
    pub async fn send(&self, to: SocketAddr) -> io::Result<Answer> {
        let late = |_| {
            io::Error::new(
                io::ErrorKind::TimedOut,
                format!("no answer of {to} in time"),
            )
        };
        timeout(self.patience, self.exchange(to))
            .await
            .map_err(late)?
    }

    async fn exchange(&self, to: SocketAddr) -> io::Result<Answer> {
        let request = self.request(to)?;
        let stream = TcpStream::connect(to).await?;
        stream.set_nodelay(true)?;
        let shake = http1::handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = shake.map_err(|error| in_words(to, error))?;
        let exchange = async {
            let answer = sender.send_request(request).await;
            let (head, body) = answer.map_err(|error| in_words(to, error))?.into_parts();
            let body = Limited::new(body, self.largest).collect().await;
            let body = body.map_err(|error| match error.downcast::<hyper::Error>() {
                Ok(error) => in_words(to, *error),
                Err(error) => io::Error::new(io::ErrorKind::InvalidData, error),
            })?;
            let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
            let headers = head.headers.iter();
            Ok(Answer {
                status: head.status.as_u16(),
                headers: headers
                    .map(|(name, value)| (name.to_string(), text(value)))
                    .collect(),
                body: body.to_bytes().into(),
            })
        };
        // The connection lives inside of this future: a request that is given up leaves nothing behind.
        tokio::pin!(exchange);
        tokio::select! {
            answer = &mut exchange => answer,
            // It ends when the answer has been read, or fails with it.
            _ = connection => exchange.await,
        }
    }

    fn request(&self, to: SocketAddr) -> io::Result<hyper::Request<Full<Bytes>>> {
        let wrong = |error| io::Error::new(io::ErrorKind::InvalidInput, error);
        let body = Full::new(Bytes::from(self.body.clone()));
        let mut request = hyper::Request::new(body);
        let wrong_method = |_| wrong(format!("`{}` is not a method of HTTP", self.method));
        *request.method_mut() = self.method.parse().map_err(wrong_method)?;
        let wrong_target = |error| wrong(format!("{}: {error}", self.target));
        *request.uri_mut() = self.target.parse().map_err(wrong_target)?;
        let headers = request.headers_mut();
        for (name, value) in &self.headers {
            let wrong_header = || wrong(format!("`{name}: {value}` is not a header of HTTP"));
            let name: HeaderName = name.parse().map_err(|_| wrong_header())?;
            headers.append(name, value.parse().map_err(|_| wrong_header())?);
        }
        if !headers.contains_key(HOST) {
            let host = to.to_string().parse();
            headers.insert(HOST, host.map_err(|_| wrong(format!("{to} as host")))?);
        }
        Ok(request)
    }

    /// The command for a terminal that sends the same.
    #[must_use]
    pub fn curl(&self, to: SocketAddr) -> String {
        let mut command = "curl".to_string();
        for (name, value) in &self.headers {
            command += &format!(" -H '{name}: {value}'");
        }
        match self.method.as_str() {
            "GET" => {}
            "POST" => command += &format!(" -d '{}'", String::from_utf8_lossy(&self.body)),
            other if self.body.is_empty() => command += &format!(" -X {other}"),
            other => {
                let body = String::from_utf8_lossy(&self.body);
                command += &format!(" -X {other} -d '{body}'");
            }
        }
        format!("{command} 'http://{to}{}'", self.target)
    }
}

impl Answer {
    /// The body as JSON; null if it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The body as text; bytes that are no UTF-8 are replaced.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The first header of this name, which is written in small letters.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let (_, value) = headers.find(|(its, _)| its == name)?;
        Some(value)
    }
}

fn in_words(to: SocketAddr, error: hyper::Error) -> io::Error {
    if error.is_parse() || error.is_parse_too_large() {
        let words = format!("{to} does not answer in HTTP: {error}");
        return io::Error::new(io::ErrorKind::InvalidData, words);
    }
    if error.is_incomplete_message() || error.is_canceled() {
        let words = format!("{to} closed the connection before the answer was complete");
        return io::Error::new(io::ErrorKind::UnexpectedEof, words);
    }
    // A connection that breaks inside of the body has its reason one level deeper.
    let cause = std::error::Error::source(&error);
    let kind = cause.and_then(|cause| cause.downcast_ref::<io::Error>());
    let kind = kind.map_or(io::ErrorKind::Other, io::Error::kind);
    io::Error::new(kind, error)
}
