//! What is given in this exercise: the answer uses it and does not change it.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// The contract: what a caller can ask of a shop.
pub trait Shop {
    /// The price of an article, in cents.
    fn price(&mut self, article: &str) -> Result<u32, ShopError>;
    /// How many pieces there are.
    fn stock(&mut self, article: &str) -> Result<u32, ShopError>;
}

/// Why a method returned no value.
#[derive(Debug, PartialEq, Eq)]
pub enum ShopError {
    /// The shop replied that it has no such article.
    UnknownArticle,
    /// The shop gave no answer.
    NoAnswer,
}

/// No reply line is longer than this, in bytes.
const MAX_LINE: u64 = 64;

/// A TCP connection to a shop, for one request after the other.
pub struct Connection {
    stream: BufReader<TcpStream>,
    timeout: Duration,
}

impl Connection {
    /// A connection on which no request takes longer than `timeout`.
    pub fn new(stream: TcpStream, timeout: Duration) -> Self {
        Connection {
            stream: BufReader::new(stream),
            timeout,
        }
    }

    /// Sends `request` and a newline, and returns the bytes of the reply up to its newline, with the newline. If the
    /// stream ends before a newline, or the line is too long, it returns the bytes so far.
    ///
    /// It is an error if the whole takes longer than the timeout.
    pub fn exchange(&mut self, request: &str) -> io::Result<String> {
        let until = Instant::now() + self.timeout;
        // A timeout of zero is an error, and so ends the call.
        let left = || Some(until.saturating_duration_since(Instant::now()));
        self.stream.get_ref().set_write_timeout(left())?;
        let line = format!("{request}\n");
        self.stream.get_mut().write_all(line.as_bytes())?;
        let mut reply = Vec::new();
        while (reply.len() as u64) < MAX_LINE && !reply.ends_with(b"\n") {
            self.stream.get_ref().set_read_timeout(left())?;
            // One byte: a longer read would start the timeout again with each piece.
            if self.stream.by_ref().take(1).read_until(b'\n', &mut reply)? == 0 {
                break;
            }
        }
        String::from_utf8(reply).map_err(|_| io::ErrorKind::InvalidData.into())
    }
}
