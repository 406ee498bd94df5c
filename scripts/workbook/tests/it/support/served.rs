//! The runner serving a fixture course, and plain sockets to ask it over.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::Value;
use workbook::book::html::tags;

use super::Fixture;

/// `cargo workbook start` without a terminal, over a fixture course.
pub struct Running {
    pub child: Child,
    pub port: u16,
    lines: Receiver<String>,
    /// What it said up to the address.
    pub first: Vec<String>,
    pub token: String,
}

impl Running {
    pub fn new(fixture: &Fixture) -> Self {
        Self::with(fixture, &["start", "--port", "0", "--no-open", "--poll"])
    }

    pub fn with(fixture: &Fixture, arguments: &[&str]) -> Self {
        Self::of(fixture.workbook(arguments))
    }

    pub fn of(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                // After the test nobody listens; the pipe must be read all the same.
                let _ = sender.send(line);
            }
        });
        let mut first = Vec::new();
        let port = loop {
            let line = lines.recv_timeout(Duration::from_secs(20)).unwrap();
            first.push(line.clone());
            if let Some((_, address)) = line.split_once("http://127.0.0.1:") {
                break address.trim_end_matches('/').parse().unwrap();
            }
        };
        let mut running = Self {
            child,
            port,
            lines,
            first,
            token: String::new(),
        };
        let page = running.get("/");
        let head = tags(&page);
        let meta = head
            .iter()
            .find(|tag| tag.get("name") == Some("workbook-token"));
        running.token = meta.expect("a token").get("content").unwrap().to_owned();
        running
    }

    /// Sends `request` as it is and returns all that comes back.
    pub fn raw(&self, request: &[u8]) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        // A refusal may come, and the connection close, before everything is sent.
        let _ = stream.write_all(request);
        let mut reply = Vec::new();
        let _ = stream.read_to_end(&mut reply);
        String::from_utf8_lossy(&reply).into_owned()
    }

    /// One request with the right Host and these headers on top.
    pub fn ask(&self, line: &str, headers: &str) -> String {
        self.raw(
            format!(
                "{line} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\n{headers}\r\n",
                self.port
            )
            .as_bytes(),
        )
    }

    pub fn get(&self, path: &str) -> String {
        self.ask(&format!("GET {path}"), "")
    }

    pub fn post(&self, path: &str) -> String {
        self.ask(
            &format!("POST {path}"),
            &format!("X-Workbook-Token: {}\r\nContent-Length: 0\r\n", self.token),
        )
    }

    /// The events from now on. HTTP/1.0, so that the lines come without chunks around them.
    pub fn events(&self) -> Events {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        let request = format!(
            "GET /workbook/events HTTP/1.0\r\nHost: localhost:{}\r\n\r\n",
            self.port
        );
        stream.write_all(request.as_bytes()).unwrap();
        Events(BufReader::new(stream))
    }

    /// Waits for a line of the terminal with `part` in it.
    pub fn says(&self, part: &str) -> String {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let line = self
                .lines
                .recv_timeout(left)
                .unwrap_or_else(|_| panic!("the terminal never said {part:?}"));
            if line.contains(part) {
                return line;
            }
        }
    }

    #[cfg(unix)]
    pub fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The events that one page hears.
pub struct Events(BufReader<TcpStream>);

impl Events {
    /// The next event called `name` for which `wanted` holds; others are passed over.
    pub fn next(&mut self, name: &str, mut wanted: impl FnMut(&Value) -> bool) -> Value {
        self.any(&[name], |_, data| wanted(data))
    }

    /// The next event with one of these names for which `wanted` holds.
    pub fn any(&mut self, names: &[&str], mut wanted: impl FnMut(&str, &Value) -> bool) -> Value {
        let mut event = String::new();
        // The stream itself is never silent for long: it says that it is still here.
        let deadline = Instant::now() + Duration::from_secs(90);
        loop {
            assert!(
                Instant::now() < deadline,
                "there was no such event: {names:?}"
            );
            let mut line = String::new();
            let n = self.0.read_line(&mut line).expect("an event in time");
            assert!(n > 0, "the events ended before {names:?}");
            let line = line.trim_end();
            if let Some(given) = line.strip_prefix("event: ") {
                event = given.to_owned();
            } else if let Some(data) = line.strip_prefix("data: ")
                && names.contains(&event.as_str())
            {
                let data = serde_json::from_str(data).unwrap();
                if wanted(&event, &data) {
                    return data;
                }
            }
        }
    }
}

pub fn status(reply: &str) -> u16 {
    let word = reply.split(' ').nth(1).unwrap_or("0");
    word.parse().unwrap_or(0)
}

pub fn header<'a>(reply: &'a str, name: &str) -> Option<&'a str> {
    let head = reply.split("\r\n\r\n").next()?;
    head.lines()
        .filter_map(|line| line.split_once(": "))
        .find(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}

pub fn json(reply: &str) -> Value {
    serde_json::from_str(reply.split_once("\r\n\r\n").unwrap().1).unwrap()
}

pub fn state_of<'a>(state: &'a Value, id: &str) -> &'a Value {
    let lessons = state["lessons"].as_array().unwrap();
    lessons
        .iter()
        .flat_map(|lesson| lesson["exercises"].as_array().unwrap())
        .find(|exercise| exercise["id"] == id)
        .unwrap()
}
