//! A blocking client for the tests of this lesson, each request on a connection of its own, and what its answer
//! must be. A path with `..` goes over the wire as a test wrote it.

use std::io;
use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::LazyLock;

use serde_json::Value;
use tokio::runtime::Runtime;

use super::side::Fresh;

/// For clients and servers of all tests of a process.
pub static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

/// Waits for an exchange.
pub fn block_on<T>(exchange: impl Future<Output = T>) -> T {
    RUNTIME.block_on(exchange)
}

/// A client of one server.
#[derive(Clone, Copy)]
pub struct Http {
    /// Where the server is.
    pub addr: SocketAddr,
    /// Starts one more server of the same side.
    pub fresh: Fresh,
}

/// One request that is not sent yet.
pub struct Request {
    to: SocketAddr,
    asked: String,
    request: stage::http::Request,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// What was asked, for the words of a failure.
    asked: String,
    answer: stage::http::Answer,
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
    pub fn request(&self, method: &str, path: &str) -> Request {
        Request {
            to: self.addr,
            asked: format!("{method} {path}"),
            request: stage::http::Request::new(method, path).header("connection", "close"),
        }
    }
}

impl Request {
    /// With a body.
    pub fn body(mut self, body: &[u8]) -> Self {
        self.request = self.request.body(body);
        self
    }

    /// With one more header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    /// Sends it and waits for the answer.
    #[track_caller]
    pub fn send(&self) -> Answer {
        self.try_send()
            .unwrap_or_else(|error| panic!("{}: {error}", self.asked))
    }

    /// As [`send`](Self::send); a connection that breaks is an answer as well.
    pub fn try_send(&self) -> io::Result<Answer> {
        Ok(Answer {
            asked: self.asked.clone(),
            answer: block_on(self.request.send(self.to))?,
        })
    }
}

impl Deref for Answer {
    type Target = stage::http::Answer;

    fn deref(&self) -> &stage::http::Answer {
        &self.answer
    }
}

impl Answer {
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
