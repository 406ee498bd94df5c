//! `--as http` and `--as grpc`: what speaks first on the connection decides how it is read.
//!
//! HTTP/2 begins with a preface, HTTP/1 with a method, TLS with the bytes 16 03. Anything else, such
//! as a connection that is seen from its middle, is said so and shown as bytes.

use std::sync::{Arc, Mutex};

use super::grpc::{Calls, Grpc};
use super::h2::{self, Item, MaxFrames, Reader, words};
use super::hpack::List;
use super::http1::{Http1, Waiting};
use super::{Limits, Say, View, count};
use crate::escape::{Kept, hex};
use crate::event::{Dir, Later, Mark, Shown, Tone};
use crate::schema::Schema;

/// What both directions of a connection know of each other.
#[derive(Clone)]
struct Shared {
    max: MaxFrames,
    waiting: Arc<Mutex<Waiting>>,
    calls: Arc<Calls>,
}

/// The views of both directions of a new connection. With a schema HTTP/2 is read as gRPC.
pub fn both(limits: Limits, schema: Option<Arc<Schema>>) -> [Http; 2] {
    let shared = Shared {
        max: h2::max_frames(),
        waiting: Arc::default(),
        calls: Arc::new(Calls::new(schema)),
    };
    [Dir::ToServer, Dir::ToClient].map(|dir| Http {
        dir,
        limits,
        shared: shared.clone(),
        what: What::Unknown(Vec::new()),
    })
}

/// Follows one direction.
pub struct Http {
    dir: Dir,
    limits: Limits,
    shared: Shared,
    what: What,
}

/// What this direction has turned out to be.
enum What {
    /// Not enough bytes yet to tell.
    Unknown(Vec<u8>),
    One(Http1),
    Two(Box<Reader>, Box<Grpc>),
    Tls,
    Other,
}

impl Http {
    /// What begins with these bytes; `None` if that cannot be told yet.
    fn recognise(&self, bytes: &[u8]) -> Option<What> {
        if bytes.first() == Some(&0x16) && bytes.get(1).is_none_or(|byte| *byte == 3) {
            return (bytes.len() > 1).then_some(What::Tls);
        }
        let two = || {
            let calls = Grpc::new(self.dir, self.limits, Arc::clone(&self.shared.calls));
            let reader = Reader::new(self.dir, self.shared.max.clone());
            What::Two(Box::new(reader), Box::new(calls))
        };
        let one = || {
            let waiting = Arc::clone(&self.shared.waiting);
            What::One(Http1::new(self.dir, self.limits, waiting))
        };
        match self.dir {
            Dir::ToServer => {
                let known = bytes.len().min(h2::PREFACE.len());
                if bytes[..known] == h2::PREFACE[..known] {
                    return (known == h2::PREFACE.len()).then(two);
                }
                let method = bytes.first().is_some_and(u8::is_ascii_uppercase);
                Some(if method { one() } else { What::Other })
            }
            Dir::ToClient => {
                // As the length of a frame, an H would mean 4 MiB of SETTINGS.
                let start = &bytes[..bytes.len().min(5)];
                if b"HTTP/".starts_with(start) {
                    return (start.len() == 5).then(one);
                }
                if bytes.len() < 4 && bytes.first() == Some(&0) {
                    return None;
                }
                // Length below 64 KiB and the type SETTINGS: what a server for HTTP/2 says first.
                let is_settings =
                    bytes.first() == Some(&0) && bytes.get(3) == Some(&h2::names::SETTINGS);
                Some(if is_settings { two() } else { What::Other })
            }
        }
    }

    fn go_on(&mut self, bytes: &[u8], say: Say<'_>) {
        match &mut self.what {
            What::Unknown(_) => {}
            What::One(one) => one.feed(bytes, say),
            What::Two(reader, calls) => {
                reader.feed(bytes, &mut |item, pieces| calls.item(item, pieces, say));
            }
            What::Tls => say(encrypted(bytes.len() as u64).into()),
            What::Other => say(Later::about(Kept::of(bytes, self.limits.show), stray)),
        }
    }
}

impl View for Http {
    fn feed(&mut self, bytes: &[u8], say: Say<'_>) {
        let What::Unknown(begin) = &mut self.what else {
            return self.go_on(bytes, say);
        };
        begin.extend_from_slice(bytes);
        let begin = std::mem::take(begin);
        let Some(what) = self.recognise(&begin) else {
            self.what = What::Unknown(begin);
            return;
        };
        match what {
            What::Tls => say(tls(self.dir.sender()).into()),
            What::Other => say(other(&Kept::of(&begin, 16), self.dir.sender()).into()),
            _ => {}
        }
        self.what = what;
        self.go_on(&begin, say);
    }

    fn end(&mut self, say: Say<'_>) {
        match &mut self.what {
            What::Unknown(begin) if begin.is_empty() => {}
            What::Unknown(begin) => {
                let kept = Kept::of(begin, self.limits.show);
                let words = format!("ended before it was HTTP: {}", kept.quoted());
                say(not_http(&kept, "ended before it was HTTP", words).into());
            }
            What::One(one) => one.end(say),
            What::Two(reader, calls) => reader.end(&mut |item, pieces| {
                calls.item(item, pieces, say);
            }),
            What::Tls | What::Other => {}
        }
        self.what = What::Unknown(Vec::new());
    }
}

/// Says a whole frame of data.
pub fn say_data(head: h2::Head, kept: &Kept, pieces: u64, say: Say<'_>) {
    say(Later::about(kept.clone(), move |kept| {
        words::data(head, kept, pieces)
    }));
}

/// Says anything but data as HTTP/2 sees it.
pub fn say_item(item: Item<'_>, pieces: u64, show: usize, say: Say<'_>) {
    say(match item {
        Item::Preface => words::preface(pieces).into(),
        Item::Frame(head, kept) => {
            Later::about(kept.clone(), move |kept| words::frame(head, kept, pieces))
        }
        Item::Headers(block) => {
            let held = block.list.as_ref().map_or(0, List::size);
            Later::new(held, move || words::headers(&block, pieces, show))
        }
        Item::Lost(why, kept) => words::lost(&why, kept).into(),
        Item::Stray(bytes) => Later::about(Kept::of(bytes, show), stray),
        Item::Unfinished(head, have) => words::unfinished(head, have).into(),
        Item::Data { .. } => return,
    });
}

/// TLS has begun.
fn tls(sender: &str) -> Shown {
    let words = format!("TLS: the {sender} begins to encrypt, and the wire cannot read it");
    Shown::new("tls", Mark::Bytes, Tone::Part, words)
        .note("without TLS it could; the bytes cross all the same")
}

/// A chunk of what TLS hides.
pub fn encrypted(len: u64) -> Shown {
    let words = format!("{}, encrypted", count(len, "byte"));
    Shown::new("encrypted", Mark::Bytes, Tone::Quiet, words).field("len", len)
}

/// What begins like nothing that is known.
fn other(kept: &Kept, sender: &str) -> Shown {
    let words = format!("not HTTP: the {sender} begins with {}", kept.quoted());
    not_http(kept, "no preface, no request line, no status line", words)
        .note("or its beginning was not seen; shown as bytes")
}

/// Bytes that are no HTTP, and why.
pub fn not_http(kept: &Kept, problem: &str, words: String) -> Shown {
    Shown::new("not-http", Mark::Bytes, Tone::Wrong, words)
        .field("problem", problem)
        .field("hex", hex(kept.bytes()))
}

/// Bytes that have no meaning here.
pub fn stray(kept: &Kept) -> Shown {
    let words = format!("{}  {}", count(kept.len(), "byte"), kept.quoted());
    Shown::new("stray", Mark::Bytes, Tone::Wrong, words).bytes(kept)
}
