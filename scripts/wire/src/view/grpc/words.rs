//! The words for calls: how they begin, and how a side ends its part.

use super::calls::Call;
use crate::escape::{Kept, plain};
use crate::event::{Dir, Mark, Shown, Tone};
use crate::view::h2::{Head, words};
use crate::view::hpack::List;
use crate::view::{count, in_pieces};

/// A header block with what is known about it.
pub struct Facts {
    /// Its first frame.
    pub head: Head,
    /// Bytes of the block.
    pub len: u64,
    /// What it says.
    pub list: List,
    /// In how many chunks it came.
    pub pieces: u64,
    /// The path of the call to which it belongs.
    pub path: String,
    /// Bytes that are shown of one value.
    pub show: usize,
}

impl Facts {
    /// The remark that every line about it has.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = vec![format!("HEADERS, {}", count(self.len, "byte"))];
        notes.extend(in_pieces(self.pieces));
        notes
    }

    /// The value of this field, harmless for a terminal.
    fn text(&self, name: &str) -> Option<String> {
        let value = self.list.get(name)?;
        Some(plain(&value[..value.len().min(self.show)]))
    }

    /// Fields that the caller chose, one a row.
    pub fn metadata(&self) -> Vec<String> {
        let fields = self.list.fields.iter();
        let chosen = fields.filter(|field| !is_plumbing(field.name()));
        chosen.map(|field| words::line(field, self.show)).collect()
    }

    /// The fields that every line about it has in JSON.
    pub fn about(&self, event: &'static str, tone: Tone, words: String) -> Shown {
        Shown::new(event, Mark::Bytes, tone, words)
            .field("stream", self.head.stream)
            .field("headers", words::pairs(&self.list, self.show))
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

/// A request.
pub fn call_begins(facts: &Facts) -> Shown {
    let stream = facts.head.stream;
    let path = facts.text(":path").unwrap_or_default();
    let (service, method) = path
        .trim_start_matches('/')
        .split_once('/')
        .unwrap_or_default();
    let mut notes = facts.notes();
    let timeout = facts.text("grpc-timeout");
    let timeout = timeout.map(|it| super::status::timeout(&it));
    notes.extend(timeout.as_ref().map(|it| format!("deadline in {it}")));
    let encoding = facts.text("grpc-encoding");
    notes.extend(encoding.as_deref().map(may_compress));
    if facts.head.ends_stream() {
        notes.push("END_STREAM: it says no more".to_string());
    }
    let words = format!("stream {stream}  call {path}");
    facts
        .about("grpc-call", Tone::Good, words)
        .note(notes.join("; "))
        .rows(facts.metadata())
        .field("service", service)
        .field("method", method)
        .field("path", path.as_str())
        .field("timeout", timeout)
        .field("encoding", encoding)
}

/// The headers of a reply.
pub fn reply_begins(facts: &Facts) -> Shown {
    let stream = facts.head.stream;
    let http = facts.text(":status").unwrap_or_default();
    let encoding = facts.text("grpc-encoding");
    let mut notes = facts.notes();
    notes.extend(encoding.as_deref().map(may_compress));
    let (tone, words) = match http.as_str() {
        "200" => (Tone::Quiet, "the reply begins: HTTP 200".to_string()),
        _ => (
            Tone::Wrong,
            format!("HTTP {http}, which is no reply of gRPC"),
        ),
    };
    facts
        .about("grpc-response", tone, format!("stream {stream}  {words}"))
        .note(notes.join("; "))
        .rows(facts.metadata())
        .field("path", facts.path.as_str())
        .field("http_status", http)
        .field("encoding", encoding)
}

fn may_compress(encoding: &str) -> String {
    format!("may compress with {encoding}")
}

/// One side has nothing more to say.
pub fn finished(stream: u32, dir: Dir) -> Shown {
    let by = dir.sender();
    let words = format!("stream {stream}  END_STREAM: the {by} has finished");
    Shown::new("grpc-end", Mark::Bytes, Tone::Good, words)
        .field("stream", stream)
        .field("by", by)
}

/// RST_STREAM: one side gives a call up.
pub fn given_up(head: Head, kept: &Kept, pieces: u64, call: Option<&Call>, dir: Dir) -> Shown {
    let mut shown = words::frame(head, kept, pieces);
    if let Some(call) = call {
        let path = plain(call.path.as_bytes());
        shown.note = format!("the {} gives up {path}", dir.sender());
        shown = shown.field("path", &*call.path).field("by", dir.sender());
    }
    shown
}

/// A stream has ended inside a message.
pub fn unfinished(stream: u32, have: u64, len: Option<u64>) -> Shown {
    let of = match len {
        Some(len) => format!("{have} of {}", count(len, "byte")),
        None => format!("{have} of 5 bytes before it"),
    };
    let words = format!("stream {stream}  ended in the middle of a message: {of}");
    Shown::new("grpc-unfinished", Mark::Bytes, Tone::Wrong, words)
        .field("stream", stream)
        .field("have", have)
        .field("len", len)
}

/// Data that is no message.
pub fn broken(stream: u32, rest: &Kept) -> Shown {
    let flag = rest.bytes().first().copied().unwrap_or_default();
    let rest = rest.quoted();
    let words = format!("stream {stream}  no message of gRPC: it begins with {flag:#04x}");
    Shown::new("grpc-broken", Mark::Bytes, Tone::Wrong, words)
        .note(format!(
            "0 or 1 was due; the stream goes on as data: {rest}"
        ))
        .field("stream", stream)
        .field("flag", flag)
}
