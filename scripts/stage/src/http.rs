//! One HTTP request and its answer, as curl would make it, or several on one connection, on hyper's client:
//! for demos and tests.

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
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

/// How long an exchange may take unless the request says otherwise.
const PATIENCE: Duration = Duration::from_secs(60);

/// The largest body of an answer in bytes unless the request says otherwise.
const LARGEST: usize = 16 << 20;

/// A connection that was not used for so long is not used again: the server may be about to close it, and
/// a request that is lost on the way cannot be told from one that was answered.
pub const STALE: Duration = Duration::from_secs(2);

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

/// The response.
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
    pub fn get(target: impl Into<String>) -> Self {
        Request::new("GET", target)
    }

    /// `PUT` of a body, or of none.
    pub fn put(target: impl Into<String>, body: impl Into<Vec<u8>>) -> Self {
        Request::new("PUT", target).body(body)
    }

    /// `POST` of JSON, or of what should be JSON.
    pub fn post_json(target: impl Into<String>, json: impl Into<Vec<u8>>) -> Self {
        let request = Request::new("POST", target).body(json);
        request.header("content-type", "application/json")
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_string(), value.into()));
        self
    }

    /// Sets the body.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Sets the time limit of the whole exchange, connecting included; 60 s without it.
    pub fn within(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Sets the limit of the response's body in bytes; 16 MiB without it.
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
        Session::new(to).send(self).await
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

/// A client whose connection stays, as a browser's. One request at a time.
#[derive(Debug)]
pub struct Session {
    to: SocketAddr,
    kept: Option<Connection>,
}

#[derive(Debug)]
struct Connection {
    sender: http1::SendRequest<Full<Bytes>>,
    /// Carries the bytes; it ends with this value.
    _driver: JoinSet<()>,
    used: Instant,
}

impl Session {
    /// A client of this server. It connects when it sends.
    pub fn new(to: SocketAddr) -> Self {
        Session { to, kept: None }
    }

    /// Sends a request on the connection of the one before, if that was less than [`STALE`] ago and the
    /// server keeps it open, else on a new one.
    ///
    /// # Errors
    /// As for [`Request::send`].
    pub async fn send(&mut self, request: &Request) -> io::Result<Answer> {
        let to = self.to;
        let late = |_| {
            io::Error::new(
                io::ErrorKind::TimedOut,
                format!("no answer of {to} in time"),
            )
        };
        let exchange = timeout(request.patience, self.exchange(request));
        exchange.await.map_err(late)?
    }

    async fn exchange(&mut self, request: &Request) -> io::Result<Answer> {
        let message = request.request(self.to)?;
        // Taken out: a request that is given up leaves no connection behind.
        let mut connection = match self.kept.take() {
            Some(kept) if kept.used.elapsed() < STALE && kept.sender.is_ready() => kept,
            _ => Connection::open(self.to).await?,
        };
        let in_words = |error| in_words(self.to, error);
        let answer = connection.sender.send_request(message).await;
        let (head, body) = answer.map_err(in_words)?.into_parts();
        let body = Limited::new(body, request.largest).collect().await;
        let body = body.map_err(|error| match error.downcast::<hyper::Error>() {
            Ok(error) => in_words(*error),
            Err(error) => io::Error::new(io::ErrorKind::InvalidData, error),
        })?;
        // Not ready: the server closes it.
        if connection.sender.ready().await.is_ok() {
            connection.used = Instant::now();
            self.kept = Some(connection);
        }
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = head.headers.iter();
        Ok(Answer {
            status: head.status.as_u16(),
            headers: headers
                .map(|(name, value)| (name.to_string(), text(value)))
                .collect(),
            body: body.to_bytes().into(),
        })
    }
}

impl Connection {
    async fn open(to: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(to).await?;
        stream.set_nodelay(true)?;
        let shake = http1::handshake(TokioIo::new(stream)).await;
        let (sender, connection) = shake.map_err(|error| in_words(to, error))?;
        let mut driver = JoinSet::new();
        // Its error reaches the request as well.
        driver.spawn(async move { drop(connection.await) });
        Ok(Connection {
            sender,
            _driver: driver,
            used: Instant::now(),
        })
    }
}

impl Answer {
    /// The body as JSON; null if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The body as text; bytes that are no UTF-8 are replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The first header of this name, which is written in small letters.
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
