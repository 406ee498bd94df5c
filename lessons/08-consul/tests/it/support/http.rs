//! HTTP/1.1 as far as an agent speaks it, on the standard library alone: what goes over the wire is
//! exactly what a test wrote, a path with `..` and a header that lies included.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

use super::side::Fresh;

/// How long an answer may take. Blocking queries in these tests end long before.
const DEADLINE: Duration = Duration::from_secs(60);

/// A client of one server.
#[derive(Clone, Copy)]
pub struct Http {
    /// Where the server is.
    pub addr: SocketAddr,
    /// Starts one more server of the same side.
    pub fresh: Fresh,
}

/// One request that is not sent yet.
#[derive(Clone)]
pub struct Request<'a> {
    http: &'a Http,
    method: &'a str,
    path: &'a str,
    headers: Vec<(&'a str, &'a str)>,
    body: &'a [u8],
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// What was asked, for the words of a failure.
    pub asked: String,
    /// The status code.
    pub status: u16,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, put together.
    pub body: Vec<u8>,
}

impl Http {
    /// `GET`.
    #[track_caller]
    pub fn get(&self, path: &str) -> Answer {
        self.request("GET", path).send()
    }

    /// `PUT` with a body.
    #[track_caller]
    pub fn put(&self, path: &str, body: impl AsRef<[u8]>) -> Answer {
        self.request("PUT", path).body(body.as_ref()).send()
    }

    /// `PUT` with JSON.
    #[track_caller]
    pub fn put_json(&self, path: &str, body: &Value) -> Answer {
        self.put(path, body.to_string())
    }

    /// `DELETE`.
    #[track_caller]
    pub fn delete(&self, path: &str) -> Answer {
        self.request("DELETE", path).send()
    }

    /// Any request.
    pub fn request<'a>(&'a self, method: &'a str, path: &'a str) -> Request<'a> {
        Request {
            http: self,
            method,
            path,
            headers: Vec::new(),
            body: &[],
        }
    }
}

impl<'a> Request<'a> {
    /// With a body.
    pub fn body(mut self, body: &'a [u8]) -> Self {
        self.body = body;
        self
    }

    /// With one more header.
    pub fn header(mut self, name: &'a str, value: &'a str) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Sends it and waits for the answer.
    #[track_caller]
    pub fn send(&self) -> Answer {
        self.try_send()
            .unwrap_or_else(|error| panic!("{} {}: {error}", self.method, self.path))
    }

    /// As [`send`](Self::send); a connection that breaks is an answer as well.
    pub fn try_send(&self) -> io::Result<Answer> {
        let mut stream = TcpStream::connect(self.http.addr)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(DEADLINE))?;
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.path);
        head += &format!("Host: {}\r\nConnection: close\r\n", self.http.addr);
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        if !self.body.is_empty() || self.method == "PUT" {
            head += &format!("Content-Length: {}\r\n", self.body.len());
        }
        stream.write_all(format!("{head}\r\n").as_bytes())?;
        let mut writer = stream.try_clone()?;
        // On a thread for big ones: a server that refuses early stops reading, and its answer counts.
        std::thread::scope(|scope| {
            if self.body.len() > 16 * 1024 {
                scope.spawn(move || drop(writer.write_all(self.body)));
            } else {
                // If it fails, reading tells.
                let _ = writer.write_all(self.body);
            }
            let answer = read_answer(self, &stream);
            // The writer must not hang on a server that does not read.
            let _ = stream.shutdown(std::net::Shutdown::Both);
            answer
        })
    }
}

fn read_answer(request: &Request<'_>, stream: &TcpStream) -> io::Result<Answer> {
    let broken = |what: &str| io::Error::other(format!("the answer has {what}"));
    let mut reader = BufReader::new(stream);
    let first = line(&mut reader)?;
    let mut parts = first.split(' ');
    if parts.next() != Some("HTTP/1.1") {
        return Err(broken(&format!("the status line {first:?}")));
    }
    let status = parts.next().and_then(|code| code.parse().ok());
    let status = status.ok_or_else(|| broken("no status code"))?;
    let mut headers = Vec::new();
    loop {
        let line = line(&mut reader)?;
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').ok_or_else(|| broken("a bad header"))?;
        headers.push((name.to_ascii_lowercase(), value.trim().to_string()));
    }
    let mut answer = Answer {
        asked: format!("{} {}", request.method, request.path),
        status,
        headers,
        body: Vec::new(),
    };
    if request.method == "HEAD" {
        return Ok(answer);
    }
    if answer.header("transfer-encoding") == Some("chunked") {
        loop {
            let size = line(&mut reader)?;
            let size = u64::from_str_radix(&size, 16).map_err(|_| broken("a bad chunk"))?;
            if size == 0 {
                break;
            }
            (&mut reader).take(size).read_to_end(&mut answer.body)?;
            line(&mut reader)?;
        }
    } else if let Some(length) = answer.header("content-length") {
        let length: u64 = length.parse().map_err(|_| broken("a bad length"))?;
        (&mut reader).take(length).read_to_end(&mut answer.body)?;
        if answer.body.len() as u64 != length {
            return Err(broken("fewer bytes than it says"));
        }
    } else {
        reader.read_to_end(&mut answer.body)?;
    }
    Ok(answer)
}

fn line(reader: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    reader.take(64 * 1024).read_line(&mut line)?;
    if !line.ends_with('\n') {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(line.trim_end().to_string())
}

impl Answer {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let name = name.to_ascii_lowercase();
        let found = self.headers.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON, or a failure.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("no JSON ({error}) from {self}"))
    }

    /// The body of an answer that must be a 200, as JSON.
    #[track_caller]
    pub fn ok_json(&self) -> Value {
        self.must_be(200).json()
    }

    /// Fails unless the status is this one.
    #[track_caller]
    pub fn must_be(&self, status: u16) -> &Self {
        assert!(self.status == status, "expected {status} from {self}");
        self
    }

    /// Fails unless it is a refusal with exactly these words, as plain text.
    #[track_caller]
    pub fn must_refuse(&self, status: u16, words: &str) {
        self.must_be(status);
        assert_eq!(self.text(), words, "the words of {self}");
        assert_eq!(
            self.header("content-type"),
            Some("text/plain; charset=utf-8"),
            "{self}"
        );
    }

    /// Fails unless it is the refusal of a body that cannot be read, in whatever words about the reason:
    /// each JSON library has its own.
    #[track_caller]
    pub fn must_not_decode(&self) {
        let words = self.text();
        assert!(words.starts_with("Request decode failed: "), "{self}");
        self.must_refuse(400, &words);
    }

    /// Fails unless it is a 200 with nothing in it.
    #[track_caller]
    pub fn must_be_empty(&self) {
        self.must_be(200);
        assert_eq!(self.text(), "", "{self}");
    }

    /// `X-Consul-Index` as a number.
    #[track_caller]
    pub fn index(&self) -> u64 {
        let index = self.header("x-consul-index");
        let index = index.unwrap_or_else(|| panic!("no X-Consul-Index from {self}"));
        index.parse().expect("an index is a number")
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {} {}", self.asked, self.status, self.text().trim())
    }
}
