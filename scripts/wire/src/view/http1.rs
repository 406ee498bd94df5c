//! HTTP/1.1 (RFC 9112), one direction: a start line, headers, and a body whose end the headers tell.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use super::http::{not_http, stray};
use super::{Limits, Say, count, in_pieces};
use crate::escape::{Kept, plain};
use crate::event::{Dir, Later, Mark, Shown, Tone};
use crate::lock;

/// The longest head, and the longest line about a chunk, that is read.
const MAX_HEAD: usize = 16 * 1024;
/// Requests that may wait for their response at the same time.
const MAX_WAITING: usize = 100;

/// The requests without a response yet; true for HEAD, whose response has no body.
pub type Waiting = VecDeque<bool>;

/// Reads one direction.
pub struct Http1 {
    dir: Dir,
    limits: Limits,
    waiting: Arc<Mutex<Waiting>>,
    state: State,
    /// The head or line so far.
    line: Kept,
    /// The body so far.
    body: Kept,
    chunks: u64,
    /// In how many chunks of TCP the current thing has arrived; 0 before its first byte.
    pieces: u64,
}

enum State {
    Head,
    /// A body of which so many bytes are missing.
    Length(u64),
    /// The line with the size of the next chunk.
    Size,
    /// A chunk, with the line end behind it.
    Chunk(u64),
    Trailers,
    /// A body that ends with the connection.
    ToTheEnd,
    /// No HTTP any more.
    Lost,
}

impl Http1 {
    /// A reader for the start of a direction.
    pub fn new(dir: Dir, limits: Limits, waiting: Arc<Mutex<Waiting>>) -> Self {
        Http1 {
            dir,
            limits,
            waiting,
            state: State::Head,
            line: Kept::new(MAX_HEAD),
            body: Kept::new(limits.show),
            chunks: 0,
            pieces: 0,
        }
    }

    /// The next bytes.
    pub fn feed(&mut self, bytes: &[u8], say: Say<'_>) {
        let mut rest = bytes;
        if self.pieces > 0 {
            self.pieces += 1;
        }
        while !rest.is_empty() {
            self.pieces = self.pieces.max(1);
            let take =
                |missing: u64| usize::try_from(missing).map_or(rest.len(), |n| n.min(rest.len()));
            match &mut self.state {
                State::Head | State::Size | State::Trailers => {
                    let line_end = rest.iter().position(|byte| *byte == b'\n');
                    let (now, after) = rest.split_at(line_end.map_or(rest.len(), |at| at + 1));
                    rest = after;
                    self.line.push(now);
                    if self.line.left_out() > 0 {
                        self.lose("a head of more than 16 KiB", say);
                    } else if line_end.is_some() {
                        self.line_end(say);
                    }
                }
                State::Length(missing) => {
                    let (now, after) = rest.split_at(take(*missing));
                    rest = after;
                    *missing -= now.len() as u64;
                    let done = *missing == 0;
                    self.body.push(now);
                    if done {
                        self.body_end(say);
                    }
                }
                State::Chunk(missing) => {
                    let (now, after) = rest.split_at(take(*missing));
                    rest = after;
                    // The last two bytes are the line end behind the chunk.
                    let data = usize::try_from(missing.saturating_sub(2)).unwrap_or(usize::MAX);
                    *missing -= now.len() as u64;
                    let done = *missing == 0;
                    self.body.push(&now[..data.min(now.len())]);
                    if done {
                        self.state = State::Size;
                    }
                }
                State::ToTheEnd => {
                    self.body.push(rest);
                    return;
                }
                State::Lost => {
                    return say(Later::about(Kept::of(rest, self.limits.show), stray));
                }
            }
        }
    }

    /// No more bytes will come.
    pub fn end(&mut self, say: Say<'_>) {
        match self.state {
            State::ToTheEnd => self.body_end(say),
            State::Head if self.line.is_empty() => {}
            State::Lost => {}
            _ => {
                let what = match self.state {
                    State::Head => "the head",
                    _ => "the body",
                };
                let have = self.line.len() + self.body.len();
                let after = count(have, "byte");
                let words = format!("ended in the middle of {what}, after {after}");
                let shown = Shown::new("http-unfinished", Mark::Bytes, Tone::Wrong, words);
                say(shown.field("have", have).into());
            }
        }
        self.state = State::Lost;
    }

    /// A line is whole: of the head, about a chunk, or of the trailers.
    fn line_end(&mut self, say: Say<'_>) {
        let text = self.line.bytes();
        match self.state {
            State::Size => {
                let digits = text.split(|byte| *byte == b';').next().unwrap_or_default();
                let digits = std::str::from_utf8(digits.trim_ascii()).unwrap_or_default();
                match u64::from_str_radix(digits, 16) {
                    Ok(0) => self.state = State::Trailers,
                    Ok(size) if size < u64::MAX / 2 => {
                        self.chunks += 1;
                        self.state = State::Chunk(size + 2);
                    }
                    _ => return self.lose("a chunk without a size", say),
                }
                self.line.clear();
            }
            State::Trailers => {
                let empty = text.trim_ascii().is_empty();
                self.line.clear();
                if empty {
                    self.body_end(say);
                }
            }
            _ => {
                // Empty lines before a request are allowed, and mean nothing.
                if text.trim_ascii().is_empty() {
                    self.line.clear();
                } else if text.ends_with(b"\r\n\r\n") || text.ends_with(b"\n\n") {
                    self.head_end(say);
                } else if !text.contains(&b'\n') || !self.is_start() {
                    self.lose("no start line of HTTP", say);
                }
            }
        }
    }

    /// True if the first line is one.
    fn is_start(&self) -> bool {
        let line = self.line.bytes().split(|byte| *byte == b'\n').next();
        let mut words = line
            .unwrap_or_default()
            .trim_ascii()
            .split(|byte| *byte == b' ');
        let version = match self.dir {
            Dir::ToServer => words.next_back(),
            Dir::ToClient => words.next(),
        };
        version.is_some_and(|version| version.starts_with(b"HTTP/1"))
    }

    /// The head is whole: says it, and finds out how the body ends.
    fn head_end(&mut self, say: Say<'_>) {
        let head = Head::read(self.line.bytes());
        let body = match self.dir {
            Dir::ToServer => {
                let mut waiting = lock(&self.waiting);
                if waiting.len() < MAX_WAITING {
                    waiting.push_back(head.word(0) == "HEAD");
                }
                head.body(false)
            }
            Dir::ToClient => {
                let status = head.word(1);
                let informational = status.starts_with('1');
                // What is only said in between answers nothing yet.
                let head_only = !informational && lock(&self.waiting).pop_front() == Some(true);
                let none = informational || matches!(status.as_str(), "204" | "304");
                if status == "101" {
                    Ok(State::Lost)
                } else if head_only || none {
                    Ok(State::Length(0))
                } else {
                    head.body(true)
                }
            }
        };
        let (dir, show, pieces) = (self.dir, self.limits.show, self.pieces);
        let how = match &body {
            Ok(State::Length(0)) => "no body".to_string(),
            Ok(State::Length(n)) => format!("body of {}", count(*n, "byte")),
            Ok(State::Size) => "body in chunks".to_string(),
            Ok(State::Lost) => "another protocol follows".to_string(),
            Ok(_) => "body up to the end of the connection".to_string(),
            Err(why) => (*why).to_string(),
        };
        say(Later::new(head.len, move || {
            head.shown(dir, &how, show, pieces)
        }));
        self.line.clear();
        (self.pieces, self.chunks) = (0, 0);
        match body {
            Ok(State::Length(0)) => {}
            Ok(state) => self.state = state,
            Err(why) => self.lose(why, say),
        }
    }

    /// The body is whole.
    fn body_end(&mut self, say: Say<'_>) {
        let (chunks, pieces) = (self.chunks, self.pieces);
        say(Later::about(self.body.clone(), move |kept| {
            body(kept, chunks, pieces)
        }));
        self.body.clear();
        self.line.clear();
        self.state = State::Head;
        self.pieces = 0;
    }

    /// Where a message begins is unknown from here on.
    fn lose(&mut self, why: &'static str, say: Say<'_>) {
        let kept = Kept::of(self.line.bytes(), self.limits.show);
        let words = format!("not HTTP: {why}: {}", kept.quoted());
        let shown = not_http(&kept, why, words).note("what follows is shown as bytes");
        say(shown.into());
        self.line.clear();
        self.state = State::Lost;
    }
}

/// A start line and its headers.
struct Head {
    start: Vec<u8>,
    headers: Vec<(Vec<u8>, Vec<u8>)>,
    len: usize,
}

impl Head {
    fn read(bytes: &[u8]) -> Head {
        let mut lines = bytes
            .split(|byte| *byte == b'\n')
            .map(<[u8]>::trim_ascii)
            .filter(|line| !line.is_empty());
        let start = lines.next().unwrap_or_default().to_vec();
        let headers = lines.map(|line| {
            let at = line.iter().position(|byte| *byte == b':');
            let (name, value) = line.split_at(at.unwrap_or(line.len()));
            let value = value.get(1..).unwrap_or_default().trim_ascii();
            (name.to_vec(), value.to_vec())
        });
        Head {
            headers: headers.collect(),
            start,
            len: bytes.len(),
        }
    }

    /// A word of the start line.
    fn word(&self, at: usize) -> String {
        let words = self.start.split(|byte| *byte == b' ').nth(at);
        String::from_utf8_lossy(words.unwrap_or_default()).into_owned()
    }

    fn get(&self, name: &str) -> Option<&[u8]> {
        self.headers
            .iter()
            .find(|(it, _)| it.eq_ignore_ascii_case(name.as_bytes()))
            .map(|(_, value)| value.as_slice())
    }

    /// How the body ends.
    fn body(&self, response: bool) -> Result<State, &'static str> {
        let chunked = |value: &[u8]| value.to_ascii_lowercase().ends_with(b"chunked");
        if self.get("transfer-encoding").is_some_and(chunked) {
            return Ok(State::Size);
        }
        match self.get("content-length") {
            Some(value) => std::str::from_utf8(value)
                .ok()
                .and_then(|text| text.parse().ok())
                .map(State::Length)
                .ok_or("a content-length that is no number"),
            None if response => Ok(State::ToTheEnd),
            None => Ok(State::Length(0)),
        }
    }

    fn shown(&self, dir: Dir, how: &str, show: usize, pieces: u64) -> Shown {
        let text = |bytes: &[u8]| plain(&bytes[..bytes.len().min(show)]);
        let headers = self.headers.iter();
        let rows = headers
            .clone()
            .map(|(name, value)| format!("{}: {}", text(name), text(value)));
        let pairs: Vec<_> = headers
            .map(|(name, value)| [name, value].map(|it| String::from_utf8_lossy(it)))
            .collect();
        let kind = match dir {
            Dir::ToServer => "request",
            Dir::ToClient => "response",
        };
        Shown::new("http-head", Mark::Bytes, Tone::Good, text(&self.start))
            .notes([Some(how.to_string()), in_pieces(pieces)])
            .rows(rows.collect())
            .field("kind", kind)
            .field("start", String::from_utf8_lossy(&self.start))
            .field("headers", serde_json::json!(pairs))
            .field("len", self.len)
            .field("body", how)
            .field("pieces", pieces)
    }
}

/// A whole body.
fn body(kept: &Kept, chunks: u64, pieces: u64) -> Shown {
    let words = format!("body of {}  {}", count(kept.len(), "byte"), kept.quoted());
    let chunked = (chunks > 0).then(|| format!("sent as {}", count(chunks, "chunk")));
    Shown::new("http-body", Mark::Bytes, Tone::Good, words)
        .notes([chunked, in_pieces(pieces)])
        .field("chunks", chunks)
        .field("pieces", pieces)
        .bytes(kept)
}

#[cfg(test)]
mod tests;
