//! What the tests share: both servers, and a client that has deadlines.
#![allow(dead_code, reason = "each test file uses its part of this")]

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use l15_redis::decode::decode;
use l15_redis::resp::Value;
use l15_redis::server::{Config, Server};

/// The last resort: nothing here takes so long.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Which Redis is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// `redis-server`.
    Real,
    /// The server of this lesson.
    Ours,
}

impl Side {
    /// Both, or the one that `WORKBOOK_SERVICES` names. This lesson is below the crate `services`, which
    /// asks the same for later lessons.
    pub fn to_test() -> Vec<Side> {
        match std::env::var("WORKBOOK_SERVICES").as_deref() {
            Ok("real") => vec![Side::Real],
            Ok("embedded") => vec![Side::Ours],
            Ok("") | Err(_) => vec![Side::Real, Side::Ours],
            Ok(other) => panic!("WORKBOOK_SERVICES={other}: it can be `real` or `embedded`"),
        }
    }

    /// Starts an empty one.
    pub fn start(self) -> Redis {
        match self {
            Side::Real => real(&[]),
            Side::Ours => ours(Config::default()),
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Side::Real => "the real Redis",
            Side::Ours => "the server of this lesson",
        })
    }
}

/// A running Redis.
pub struct Redis {
    pub addr: SocketAddr,
    _held: Held,
}

#[expect(dead_code, reason = "held until the end")]
enum Held {
    Real(testkit::redis::Redis),
    Ours(Server, tokio::runtime::Runtime),
}

/// The real one; it fails the test if there is none.
pub fn real(arguments: &[&str]) -> Redis {
    let setup = testkit::redis::Setup::new();
    let setup = arguments
        .iter()
        .fold(setup, |setup, one| setup.argument(one));
    let redis = setup.start().unwrap_or_else(|trouble| panic!("{trouble}"));
    Redis {
        addr: redis.addr(),
        _held: Held::Real(redis),
    }
}

/// Ours, with a runtime of its own.
pub fn ours(config: Config) -> Redis {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let server = runtime.block_on(Server::start(config)).unwrap();
    Redis {
        addr: server.address(),
        _held: Held::Ours(server, runtime),
    }
}

impl Redis {
    pub fn line(&self) -> Line {
        Line::to(self.addr)
    }

    /// A number out of INFO.
    pub fn info(&self, name: &str) -> u64 {
        let Value::Bulk(text) = self.line().ask("INFO") else {
            panic!("INFO is a text");
        };
        let text = String::from_utf8(text.to_vec()).unwrap();
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.unwrap_or_else(|| panic!("no {name} in {text}"))
            .parse()
            .unwrap()
    }
}

/// A connection.
pub struct Line {
    pub stream: TcpStream,
    buffer: Vec<u8>,
}

impl Line {
    pub fn to(addr: SocketAddr) -> Line {
        let stream = TcpStream::connect(addr).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Line {
            stream,
            buffer: Vec::new(),
        }
    }

    pub fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    /// Sends a request of any words.
    pub fn request(&mut self, words: &[&[u8]]) {
        self.send(&request(words));
    }

    /// One line typed, one value back.
    #[track_caller]
    pub fn ask(&mut self, line: &str) -> Value {
        self.send(format!("{line}\r\n").as_bytes());
        self.value()
    }

    /// One line typed, the answer as it came.
    #[track_caller]
    pub fn says(&mut self, line: &str) -> String {
        self.send(format!("{line}\r\n").as_bytes());
        String::from_utf8(self.answer().1).unwrap()
    }

    /// The next value.
    #[track_caller]
    pub fn value(&mut self) -> Value {
        self.answer().0
    }

    /// The next value, and the bytes that it was.
    #[track_caller]
    pub fn answer(&mut self) -> (Value, Vec<u8>) {
        loop {
            if let Some((value, used)) = decode(&self.buffer).unwrap() {
                return (value, self.buffer.drain(..used).collect());
            }
            assert!(self.more().unwrap(), "the connection ended");
        }
    }

    /// The next bytes, exactly so many; fewer if the connection ends.
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        while self.buffer.len() < count {
            match self.more() {
                Ok(true) => {}
                Ok(false) => break,
                // What came so far says more than the deadline.
                Err(_) => break,
            }
        }
        let count = count.min(self.buffer.len());
        self.buffer.drain(..count).collect()
    }

    /// What still comes until the connection ends; an end by force is an end.
    pub fn rest(&mut self) -> Vec<u8> {
        while matches!(self.more(), Ok(true)) {}
        std::mem::take(&mut self.buffer)
    }

    fn more(&mut self) -> io::Result<bool> {
        let mut piece = vec![0; 65_536];
        let count = self.stream.read(&mut piece)?;
        self.buffer.extend_from_slice(&piece[..count]);
        Ok(count > 0)
    }
}

/// A request as a client writes it.
pub fn request(words: &[&[u8]]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        bytes.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        bytes.extend_from_slice(word);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}

/// Waits for something that must come true.
#[track_caller]
pub fn soon(what: &str, mut is_so: impl FnMut() -> bool) {
    let since = Instant::now();
    while !is_so() {
        assert!(since.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
