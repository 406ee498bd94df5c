//! `--as grpc`: the calls in the streams of HTTP/2: who is called, what is said, how it ended.
//!
//! The two directions share [`Calls`]: what type a reply has is known from the path of its request.
//! Whatever peers send, a connection keeps [`MAX_CALLS`] calls and [`MAX_HELD`] bytes of unfinished
//! messages a direction.

mod message;
mod status;

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use self::message::{Assembly, Message, Step};
use super::h2::{Block, Head, Item, names, words};
use super::hpack::List;
use super::http::{Layer, lock, say_data, say_item};
use super::{Limits, Say, count};
use crate::escape::{Kept, quoted};
use crate::event::{Dir, Later, Mark, Shown, Tone};
use crate::schema::{Asked, Schema};

/// Calls of one connection that are remembered. A server allows mostly 100 or 200 at a time.
const MAX_CALLS: usize = 1000;
/// Bytes of unfinished messages that one direction keeps.
const MAX_HELD: usize = 256 * 1024;

/// The calls of one connection.
pub struct Calls {
    schema: Arc<Schema>,
    streams: Mutex<Streams>,
}

#[derive(Default)]
struct Streams {
    calls: HashMap<u32, Call>,
    /// The oldest first; may name calls that are over.
    order: VecDeque<u32>,
}

/// One call, as far as both directions need it.
#[derive(Clone, Default)]
struct Call {
    path: Arc<str>,
    /// How messages are compressed: to the server, to the client.
    encoding: [Option<Arc<str>>; 2],
    /// Which side has finished: the client, the server.
    ended: [bool; 2],
}

impl Calls {
    /// For a new connection.
    pub fn new(schema: Arc<Schema>) -> Calls {
        schema.want(Asked::ByTraffic);
        Calls {
            schema,
            streams: Mutex::default(),
        }
    }

    fn begin(&self, stream: u32, call: Call) {
        let mut streams = lock(&self.streams);
        if streams.calls.insert(stream, call).is_none() {
            streams.order.push_back(stream);
        }
        while streams.order.len() > MAX_CALLS {
            if let Some(oldest) = streams.order.pop_front() {
                streams.calls.remove(&oldest);
            }
        }
    }

    fn get(&self, stream: u32) -> Option<Call> {
        lock(&self.streams).calls.get(&stream).cloned()
    }

    fn encoding(&self, stream: u32, dir: Dir, encoding: Option<Arc<str>>) {
        if let Some(call) = lock(&self.streams).calls.get_mut(&stream) {
            call.encoding[side(dir)] = encoding;
        }
    }

    /// One side has finished; after both the call is forgotten.
    fn end(&self, stream: u32, dir: Dir) {
        let mut streams = lock(&self.streams);
        if let Some(call) = streams.calls.get_mut(&stream) {
            call.ended[side(dir)] = true;
            if call.ended == [true, true] {
                streams.forget(stream);
            }
        }
    }

    /// The stream is no call, or no more.
    fn forget(&self, stream: u32) {
        lock(&self.streams).forget(stream);
    }
}

impl Streams {
    fn forget(&mut self, stream: u32) {
        self.calls.remove(&stream);
        self.order.retain(|it| *it != stream);
    }
}

fn side(dir: Dir) -> usize {
    match dir {
        Dir::ToServer => 0,
        Dir::ToClient => 1,
    }
}

/// Follows the calls in one direction.
pub struct Grpc {
    dir: Dir,
    limits: Limits,
    calls: Arc<Calls>,
    /// Messages under way.
    open: HashMap<u32, Assembly>,
    /// Bytes that these keep.
    held: usize,
    /// Data of a stream that is no call of gRPC.
    data: Kept,
}

impl Grpc {
    /// A layer at the start of a direction.
    pub fn new(dir: Dir, limits: Limits, calls: Arc<Calls>) -> Grpc {
        Grpc {
            dir,
            limits,
            calls,
            open: HashMap::new(),
            held: 0,
            data: Kept::new(limits.show),
        }
    }

    fn headers(&mut self, block: Block, pieces: u64, say: Say<'_>) {
        let head = block.head;
        let kind = block.list.as_ref().map_or("", words::block_kind);
        let Ok(list) = &block.list else {
            return say_item(Item::Headers(block), pieces, self.limits.show, say);
        };
        let text = |name: &str| {
            list.get(name)
                .map(|it| Arc::from(String::from_utf8_lossy(it)))
        };
        let encoding = text("grpc-encoding").filter(|it: &Arc<str>| &**it != "identity");
        let grpc = list
            .get("content-type")
            .unwrap_or_default()
            .starts_with(b"application/grpc");
        let known = self.calls.get(head.stream);
        match kind {
            "request" if grpc => {
                let path = text(":path").unwrap_or_default();
                self.calls.schema.want_method(&path);
                let mut call = Call {
                    path,
                    ..Call::default()
                };
                call.encoding[side(self.dir)] = encoding;
                self.calls.begin(head.stream, call);
                self.say_headers(block, pieces, String::new(), say, call_begins);
            }
            "response" if known.is_some() && list.get("grpc-status").is_none() => {
                self.calls.encoding(head.stream, self.dir, encoding);
                let path = known.map(|call| call.path.to_string()).unwrap_or_default();
                self.say_headers(block, pieces, path, say, reply_begins);
            }
            _ if known.is_some() && list.get("grpc-status").is_some() => {
                let path = known.map(|call| call.path.to_string()).unwrap_or_default();
                let schema = Arc::clone(&self.calls.schema);
                self.say_headers(block, pieces, path, say, move |block, path, show| {
                    status::shown(block, path, show, &schema)
                });
            }
            _ => say_item(Item::Headers(block), pieces, self.limits.show, say),
        }
        if head.ends_stream() {
            self.end_stream(head.stream, say);
        }
    }

    /// Says a header block that `words` can put into words, from itself, a path and a limit.
    fn say_headers(
        &self,
        block: Block,
        pieces: u64,
        path: String,
        say: Say<'_>,
        words: impl Fn(&Facts, &str, usize) -> Shown + Clone + Send + 'static,
    ) {
        let Block {
            head, len, list, ..
        } = block;
        let facts = Arc::new(Facts {
            head,
            len,
            list: list.unwrap_or_default(),
            pieces,
        });
        let show = self.limits.show;
        say(&|| {
            let (facts, path, words) = (Arc::clone(&facts), path.clone(), words.clone());
            Later::new(super::hpack::MAX_LIST, move || words(&facts, &path, show))
        });
    }

    fn data(&mut self, head: Head, bytes: &[u8], last: bool, pieces: u64, say: Say<'_>) {
        let Some(call) = self.calls.get(head.stream) else {
            self.data.push(bytes);
            if last {
                say_data(head, &self.data, pieces, say);
                self.data.clear();
            }
            return;
        };
        if !self.open.contains_key(&head.stream) {
            self.make_room();
        }
        let mut messages = false;
        let mut rest = bytes;
        while !rest.is_empty() {
            let room = MAX_HELD.saturating_sub(self.held);
            let assembly = self.open.entry(head.stream).or_default();
            let before = assembly.held();
            let step = assembly.take(&mut rest, room);
            self.held = (self.held + assembly.held()).saturating_sub(before);
            match step {
                Step::More => {}
                Step::Whole => {
                    let ends = last && rest.is_empty() && head.ends_stream();
                    self.whole(head.stream, &call, ends, pieces, say);
                    messages = true;
                }
                Step::Broken(flag) => {
                    self.drop_message(head.stream);
                    self.calls.forget(head.stream);
                    let (stream, rest) = (head.stream, Kept::of(rest, self.limits.show));
                    say(&|| {
                        let rest = rest.clone();
                        Later::new(rest.bytes().len(), move || broken(stream, flag, &rest))
                    });
                    return;
                }
            }
        }
        if last {
            if let Some(assembly) = self.open.get_mut(&head.stream) {
                assembly.next_frame();
            }
            if head.ends_stream() {
                let dir = self.dir;
                // A message that is whole says it itself, unless padding came between.
                if !(messages && rest.is_empty() && !bytes.is_empty()) && self.is_idle(head.stream)
                {
                    say(&|| finished(head.stream, dir).into());
                }
                self.end_stream(head.stream, say);
            }
        }
    }

    /// No message is under way on this stream.
    fn is_idle(&self, stream: u32) -> bool {
        self.open.get(&stream).is_none_or(Assembly::is_idle)
    }

    fn whole(&mut self, stream: u32, call: &Call, ends: bool, pieces: u64, say: Say<'_>) {
        let Some(assembly) = self.open.get_mut(&stream) else {
            return;
        };
        self.held = self.held.saturating_sub(assembly.held());
        let message = Message {
            stream,
            dir: self.dir,
            path: Arc::clone(&call.path),
            encoding: call.encoding[side(self.dir)].clone(),
            ends,
            pieces,
            assembled: assembly.finish(),
        };
        let message = Arc::new(message);
        let (schema, show) = (&self.calls.schema, self.limits.show);
        say(&|| {
            let (message, schema) = (Arc::clone(&message), Arc::clone(schema));
            Later::new(message.held(), move || message.shown(&schema, show))
        });
    }

    /// This direction of a stream has ended.
    fn end_stream(&mut self, stream: u32, say: Say<'_>) {
        if let Some(assembly) = self.open.get(&stream)
            && !assembly.is_idle()
        {
            let (have, len) = assembly.progress();
            say(&|| unfinished(stream, have, len).into());
        }
        self.drop_message(stream);
        self.calls.end(stream, self.dir);
    }

    /// Makes room for one more message under way: those of calls that are forgotten go.
    fn make_room(&mut self) {
        if self.open.len() >= MAX_CALLS {
            let streams = lock(&self.calls.streams);
            self.open
                .retain(|stream, _| streams.calls.contains_key(stream));
            self.held = self.open.values().map(Assembly::held).sum();
        }
    }

    fn drop_message(&mut self, stream: u32) {
        if let Some(assembly) = self.open.remove(&stream) {
            self.held = self.held.saturating_sub(assembly.held());
        }
    }
}

impl Layer for Grpc {
    fn item(&mut self, item: Item<'_>, pieces: u64, say: Say<'_>) {
        match item {
            Item::Headers(block) => self.headers(block, pieces, say),
            Item::Data { head, bytes, last } => self.data(head, bytes, last, pieces, say),
            Item::Frame(head, kept) if head.kind == names::RST_STREAM => {
                let call = self.calls.get(head.stream);
                let dir = self.dir;
                say(&|| {
                    let (kept, call) = (kept.clone(), call.clone());
                    Later::new(64, move || {
                        given_up(head, &kept, pieces, call.as_ref(), dir)
                    })
                });
                self.drop_message(head.stream);
                self.calls.forget(head.stream);
            }
            other => say_item(other, pieces, self.limits.show, say),
        }
    }
}

/// A header block with what is known about it.
struct Facts {
    head: Head,
    len: u64,
    list: List,
    pieces: u64,
}

impl Facts {
    /// The remark that every line about it has.
    fn notes(&self) -> Vec<String> {
        let mut notes = vec![format!("HEADERS, {}", count(self.len, "byte"))];
        notes.extend(words::in_pieces(self.pieces));
        notes
    }

    /// Fields that the caller chose, one a row.
    fn metadata(&self, show: usize) -> Vec<String> {
        self.list
            .fields
            .iter()
            .filter(|field| !is_plumbing(field.name()))
            .map(|field| words::line(field, show))
            .collect()
    }

    /// The fields that every line about it has in JSON.
    fn about(&self, event: &'static str, tone: Tone, words: String, show: usize) -> Shown {
        Shown::new(event, Mark::Bytes, tone, words)
            .field("stream", self.head.stream)
            .field("headers", words::pairs(&self.list, show))
            .field("left_out", self.list.left_out)
            .field("block_len", self.len)
            .field("len", self.head.len)
            .field("end_stream", self.head.ends_stream())
            .field("pieces", self.pieces)
    }
}

/// Fields that HTTP/2 and gRPC need for themselves.
fn is_plumbing(name: &[u8]) -> bool {
    const OTHERS: [&[u8]; 4] = [b"content-type", b"te", b"user-agent", b"date"];
    name.starts_with(b":")
        || OTHERS.contains(&name)
        // What a program sends of its own must not start with this.
        || name.starts_with(b"grpc-")
}

fn call_begins(facts: &Facts, _path: &str, show: usize) -> Shown {
    let stream = facts.head.stream;
    let get = |name: &str| facts.list.get(name).map(|it| Kept::of(it, show));
    let plain = |kept: &Kept| quoted(kept.bytes()).trim_matches('"').to_string();
    let path = get(":path").as_ref().map(plain).unwrap_or_default();
    let (service, method) = path
        .trim_start_matches('/')
        .split_once('/')
        .unwrap_or_default();
    let mut notes = facts.notes();
    let timeout = get("grpc-timeout").map(|it| status::timeout(&plain(&it)));
    notes.extend(timeout.as_ref().map(|it| format!("deadline in {it}")));
    let encoding = get("grpc-encoding").as_ref().map(plain);
    notes.extend(
        encoding
            .as_ref()
            .map(|it| format!("may compress with {it}")),
    );
    if facts.head.ends_stream() {
        notes.push("END_STREAM: it says no more".to_string());
    }
    facts
        .about(
            "grpc-call",
            Tone::Good,
            format!("stream {stream}  call {path}"),
            show,
        )
        .note(notes.join("; "))
        .rows(facts.metadata(show))
        .field("path", path.clone())
        .field("service", service)
        .field("method", method)
        .field("timeout", timeout)
        .field("encoding", encoding)
}

fn reply_begins(facts: &Facts, path: &str, show: usize) -> Shown {
    let stream = facts.head.stream;
    let get = |name: &str| facts.list.get(name).map(|it| Kept::of(it, show));
    let plain = |kept: &Kept| quoted(kept.bytes()).trim_matches('"').to_string();
    let http = get(":status").as_ref().map(plain).unwrap_or_default();
    let encoding = get("grpc-encoding").as_ref().map(plain);
    let mut notes = facts.notes();
    notes.extend(
        encoding
            .as_ref()
            .map(|it| format!("may compress with {it}")),
    );
    let (tone, words) = match http.as_str() {
        "200" => (
            Tone::Quiet,
            format!("stream {stream}  the reply begins: HTTP 200"),
        ),
        _ => (
            Tone::Wrong,
            format!("stream {stream}  HTTP {http}, which is no reply of gRPC"),
        ),
    };
    facts
        .about("grpc-response", tone, words, show)
        .note(notes.join("; "))
        .rows(facts.metadata(show))
        .field("path", path)
        .field("http_status", http)
        .field("encoding", encoding)
}

/// One side has nothing more to say.
fn finished(stream: u32, dir: Dir) -> Shown {
    let words = format!(
        "stream {stream}  END_STREAM: the {} has finished",
        dir.sender()
    );
    Shown::new("grpc-end", Mark::Bytes, Tone::Good, words)
        .field("stream", stream)
        .field("by", dir.sender())
}

/// RST_STREAM: one side gives a call up.
fn given_up(head: Head, kept: &Kept, pieces: u64, call: Option<&Call>, dir: Dir) -> Shown {
    let mut shown = words::frame(head, kept, pieces);
    if let Some(call) = call {
        let path = quoted(call.path.as_bytes());
        shown.note = format!("the {} gives up {}", dir.sender(), path.trim_matches('"'));
        shown = shown.field("path", &*call.path).field("by", dir.sender());
    }
    shown
}

fn unfinished(stream: u32, have: u64, len: Option<u32>) -> Shown {
    let of = match len {
        Some(len) => format!("{have} of {}", count(u64::from(len), "byte")),
        None => format!("{have} of 5 bytes before it"),
    };
    let words = format!("stream {stream}  ended in the middle of a message: {of}");
    Shown::new("grpc-unfinished", Mark::Bytes, Tone::Wrong, words)
        .field("stream", stream)
        .field("have", have)
        .field("len", len)
}

fn broken(stream: u32, flag: u8, rest: &Kept) -> Shown {
    let words = format!("stream {stream}  no message of gRPC: it begins with {flag:#04x}");
    Shown::new("grpc-broken", Mark::Bytes, Tone::Wrong, words)
        .note(format!(
            "0 or 1 was due; the stream goes on as data: {}",
            rest.quoted()
        ))
        .field("stream", stream)
        .field("flag", flag)
}

#[cfg(test)]
mod tests;
