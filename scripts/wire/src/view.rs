//! Views: what the bytes mean. One file a view, all behind one trait, so that a later lesson
//! adds its protocol with one file and one line in [`ViewKind`].

mod bytes;
mod delimited;
mod frames;
mod grpc;
mod h2;
mod hpack;
mod http;
mod http1;
mod json_rpc;
mod lines;
mod protobuf;
mod resp;

use std::sync::Arc;

use prost_reflect::MessageDescriptor;

use crate::event::Later;
#[cfg(test)]
use crate::event::{Dir, Shown};
use crate::schema::Schema;

/// Where a view puts what it has to say.
pub type Say<'a> = &'a mut dyn FnMut(Later);

/// Gives meaning to the bytes of one direction of one connection.
///
/// A view sees every byte in order, also those the screen has no time for; so it never loses
/// the thread. Whatever it keeps is bounded by [`Limits`], whatever a peer sends.
pub trait View: Send {
    /// The next bytes that cross, as they leave the wire in one write. Never empty.
    fn feed(&mut self, bytes: &[u8], say: Say<'_>);

    /// No more bytes will come: the place to mention what is still incomplete.
    fn end(&mut self, say: Say<'_>);
}

/// What a view may keep and show.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of one chunk, line or payload that are shown (and therefore kept).
    pub show: usize,
    /// The longest frame, in bytes of payload, that the frames view believes in.
    pub max_frame: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            show: 256,
            max_frame: 1024 * 1024,
        }
    }
}

/// The views there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ViewKind {
    /// Every chunk in hex and as text.
    Bytes,
    /// Lines of UTF-8 text.
    Lines,
    /// A length in four bytes, then as many bytes of payload.
    Frames,
    /// Calls and replies of JSON-RPC, in 2.0 and in Go's dialect.
    JsonRpc,
    /// Messages of protobuf, each after its length.
    Protobuf,
    /// HTTP/1.1 and HTTP/2.
    Http,
    /// gRPC, on HTTP/2.
    Grpc,
    /// Requests and replies of Redis.
    Resp,
}

/// A view with all that it needs to know before the first byte.
#[derive(Clone)]
pub enum Reading {
    /// A view that needs nothing.
    Plain(ViewKind),
    /// Protobuf: the messages to the server, and those to the client, if they are known.
    Protobuf([Option<MessageDescriptor>; 2]),
    /// gRPC: where it finds its types.
    Grpc(Arc<Schema>),
}

impl Reading {
    /// Fresh views for one connection: to the server, and to the client. They are made together,
    /// because what a reply means may depend on its request.
    pub fn start(&self, limits: Limits) -> [Box<dyn View>; 2] {
        fn both<V: View + 'static>(views: [V; 2]) -> [Box<dyn View>; 2] {
            views.map(|view| -> Box<dyn View> { Box::new(view) })
        }
        match self {
            Reading::Protobuf(kinds) => {
                both(kinds.clone().map(|kind| protobuf::view(limits, kind)))
            }
            Reading::Grpc(schema) => both(http::both(limits, Some(Arc::clone(schema)))),
            Reading::Plain(kind) => match kind {
                ViewKind::Bytes => both([(); 2].map(|()| bytes::Bytes::new(limits))),
                ViewKind::Lines => both([(); 2].map(|()| lines::Lines::new(limits))),
                ViewKind::Frames => both([(); 2].map(|()| frames::view(limits))),
                ViewKind::JsonRpc => both([(); 2].map(|()| json_rpc::JsonRpc::new(limits))),
                ViewKind::Protobuf => Reading::Protobuf([None, None]).start(limits),
                ViewKind::Http => both(http::both(limits, None)),
                ViewKind::Grpc => Reading::Grpc(Schema::nothing()).start(limits),
                ViewKind::Resp => both(resp::Resp::both(limits)),
            },
        }
    }
}

impl ViewKind {
    /// All of them with their words for `--as`, in the order in which help and errors name them.
    pub const ALL: [(ViewKind, &str); 8] = [
        (ViewKind::Bytes, "bytes"),
        (ViewKind::Lines, "lines"),
        (ViewKind::Frames, "frames"),
        (ViewKind::JsonRpc, "json-rpc"),
        (ViewKind::Protobuf, "protobuf"),
        (ViewKind::Http, "http"),
        (ViewKind::Grpc, "grpc"),
        (ViewKind::Resp, "resp"),
    ];

    /// The word for `--as`.
    pub fn name(self) -> &'static str {
        let found = ViewKind::ALL.iter().find(|(kind, _)| *kind == self);
        found.map_or("", |(_, name)| name)
    }

    /// The view that `--as name` asks for, or `None` if there is no such view.
    pub fn from_name(name: &str) -> Option<ViewKind> {
        let found = ViewKind::ALL.iter().find(|(_, it)| *it == name);
        found.map(|(kind, _)| *kind)
    }
}

/// `1 byte`, `2 bytes`.
pub(crate) fn count(n: u64, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

/// The remark on something that came in several chunks.
fn in_pieces(pieces: u64) -> Option<String> {
    (pieces > 1).then(|| format!("in {pieces} pieces"))
}

/// The remark on something that is not the first in its chunk.
fn in_same_chunk(same_chunk: bool) -> Option<String> {
    same_chunk.then(|| "in the same chunk".to_string())
}

/// What is said when the client sends `pieces`, then the end.
#[cfg(test)]
fn said(reading: &Reading, limits: Limits, pieces: &[&[u8]]) -> Vec<Shown> {
    let pieces: Vec<(Dir, &[u8])> = pieces.iter().map(|it| (Dir::ToServer, *it)).collect();
    said_by_both(reading, limits, &pieces)
}

/// What is said when both sides send, in whatever direction.
#[cfg(test)]
fn said_by_both(reading: &Reading, limits: Limits, pieces: &[(Dir, &[u8])]) -> Vec<Shown> {
    let said = conversation(reading, limits, pieces);
    said.into_iter().map(|(_, shown)| shown).collect()
}

/// The same as lines: `event: words (note)`.
#[cfg(test)]
fn lines(said: &[Shown]) -> Vec<String> {
    said.iter()
        .map(|shown| format!("{}: {} ({})", shown.event, shown.words, shown.note))
        .collect()
}

/// A field for JSON.
#[cfg(test)]
fn field<'a>(shown: &'a Shown, name: &str) -> &'a serde_json::Value {
    let found = shown.fields.iter().find(|(it, _)| *it == name);
    &found.unwrap_or_else(|| panic!("no {name} in {shown:?}")).1
}

/// Feeds what crosses in both directions of one connection, piece by piece, then both ends.
#[cfg(test)]
fn conversation(reading: &Reading, limits: Limits, pieces: &[(Dir, &[u8])]) -> Vec<(Dir, Shown)> {
    let mut out = Vec::new();
    let [mut up, mut down] = reading.start(limits);
    for (dir, piece) in pieces {
        let view = match dir {
            Dir::ToServer => &mut up,
            Dir::ToClient => &mut down,
        };
        view.feed(piece, &mut |later| out.push((*dir, later.into_words())));
    }
    up.end(&mut |later| out.push((Dir::ToServer, later.into_words())));
    down.end(&mut |later| out.push((Dir::ToClient, later.into_words())));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// However the bytes are cut, the same is understood; only the remarks differ.
    #[test]
    fn byte_by_byte_gives_the_same_as_at_once() {
        let frames = b"\0\0\0\x05hello\0\0\0\0\0\0\0\x02hi";
        let call = br#"{"jsonrpc":"2.0","method":"a.B","params":["wire"],"id":1}"#;
        let calls = [&call[..], b"\r\n[1]\n", call, call].concat();
        let http = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
        let resp = b"*2\r\n$3\r\nGET\r\n$4\r\na\r\nb\r\nPING\r\n*1\r\n$4\r\nPING\r\n";
        for (kind, event, stream, n) in [
            (ViewKind::Frames, "frame", &frames[..], 3),
            (ViewKind::JsonRpc, "json-rpc", &calls, 4),
            (ViewKind::Http, "http-head", http, 1),
            (ViewKind::Http, "http-body", http, 1),
            (ViewKind::Resp, "resp-request", resp, 3),
        ] {
            let single: Vec<&[u8]> = stream.chunks(1).collect();
            let whole = |pieces: &[&[u8]]| -> Vec<String> {
                let said = said(&Reading::Plain(kind), Limits::default(), pieces);
                let whole = said.into_iter().filter(|shown| shown.event == event);
                whole.map(|shown| shown.words).collect()
            };
            assert_eq!(whole(&single), whole(&[stream]), "{kind:?}");
            assert_eq!(whole(&single).len(), n, "{kind:?}");
        }
    }
}
