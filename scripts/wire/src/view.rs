//! Views: what the bytes mean. One file a view, all behind one trait, so that a later lesson
//! adds its protocol with one file and one line in [`ViewKind`].

mod bytes;
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

#[cfg(test)]
use crate::event::Shown;
use crate::event::{Dir, Later};
use crate::schema::Schema;

/// Where a view puts what it has to say. It gives a function and not the thing itself: while
/// the screen is too slow nothing is even copied, and the traffic is not held up for nothing.
pub type Say<'a> = &'a mut dyn FnMut(&dyn Fn() -> Later);

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
    /// Which view it is.
    pub fn kind(&self) -> ViewKind {
        match self {
            Reading::Plain(kind) => *kind,
            Reading::Protobuf(_) => ViewKind::Protobuf,
            Reading::Grpc(_) => ViewKind::Grpc,
        }
    }

    /// Fresh views for one connection: to the server, and to the client. They are made together,
    /// because what a reply means may depend on its request.
    pub fn start(&self, limits: Limits) -> [Box<dyn View>; 2] {
        let http = |schema| {
            let shared = http::Shared::new(schema);
            [Dir::ToServer, Dir::ToClient].map(|dir| -> Box<dyn View> {
                Box::new(http::Http::new(dir, limits, shared.clone()))
            })
        };
        match self {
            Reading::Plain(ViewKind::Http) => http(None),
            Reading::Plain(ViewKind::Resp) => {
                resp::Resp::both(limits).map(|view| -> Box<dyn View> { Box::new(view) })
            }
            Reading::Grpc(schema) => http(Some(Arc::clone(schema))),
            Reading::Protobuf(kinds) => kinds
                .clone()
                .map(|kind| -> Box<dyn View> { Box::new(protobuf::Protobuf::new(limits, kind)) }),
            Reading::Plain(kind) => [kind.alone(limits), kind.alone(limits)],
        }
    }
}

impl ViewKind {
    /// All of them, in the order in which help and errors name them.
    pub const ALL: [ViewKind; 8] = [
        ViewKind::Bytes,
        ViewKind::Lines,
        ViewKind::Frames,
        ViewKind::JsonRpc,
        ViewKind::Protobuf,
        ViewKind::Http,
        ViewKind::Grpc,
        ViewKind::Resp,
    ];

    /// The word for `--as`.
    pub fn name(self) -> &'static str {
        match self {
            ViewKind::Bytes => "bytes",
            ViewKind::Lines => "lines",
            ViewKind::Frames => "frames",
            ViewKind::JsonRpc => "json-rpc",
            ViewKind::Protobuf => "protobuf",
            ViewKind::Http => "http",
            ViewKind::Grpc => "grpc",
            ViewKind::Resp => "resp",
        }
    }

    /// The view that `--as name` asks for, or `None` if there is no such view.
    pub fn from_name(name: &str) -> Option<ViewKind> {
        ViewKind::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// A fresh view for one direction, which knows nothing of the other one.
    fn alone(self, limits: Limits) -> Box<dyn View> {
        match self {
            ViewKind::Bytes => Box::new(bytes::Bytes::new(limits)),
            ViewKind::Lines => Box::new(lines::Lines::new(limits)),
            ViewKind::Frames => Box::new(frames::Frames::new(limits)),
            ViewKind::JsonRpc => Box::new(json_rpc::JsonRpc::new(limits)),
            ViewKind::Protobuf => Box::new(protobuf::Protobuf::new(limits, None)),
            // Both directions belong together: see `Reading::start`. On its own, the client's.
            ViewKind::Http | ViewKind::Grpc => {
                let schema = (self == ViewKind::Grpc).then(Schema::nothing);
                let shared = http::Shared::new(schema);
                Box::new(http::Http::new(Dir::ToServer, limits, shared))
            }
            ViewKind::Resp => {
                let [to_server, _] = resp::Resp::both(limits);
                Box::new(to_server)
            }
        }
    }
}

/// `1 byte`, `2 bytes`.
pub(crate) fn count(n: u64, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

/// Feeds `pieces` one by one, then the end, and gives back all that was said.
#[cfg(test)]
fn said(kind: ViewKind, limits: Limits, pieces: &[&[u8]]) -> Vec<Shown> {
    let mut out = Vec::new();
    let mut view = kind.alone(limits);
    for piece in pieces {
        view.feed(piece, &mut |make| out.push(make().into_words()));
    }
    view.end(&mut |make| out.push(make().into_words()));
    out
}

/// Feeds what crosses in both directions of one connection, piece by piece, then both ends.
#[cfg(test)]
fn conversation(reading: &Reading, limits: Limits, pieces: &[(Dir, &[u8])]) -> Vec<(Dir, Shown)> {
    let mut out = Vec::new();
    let [mut up, mut down] = reading.start(limits);
    for (dir, piece) in pieces {
        let view = if *dir == Dir::ToServer {
            &mut up
        } else {
            &mut down
        };
        view.feed(piece, &mut |make| out.push((*dir, make().into_words())));
    }
    up.end(&mut |make| out.push((Dir::ToServer, make().into_words())));
    down.end(&mut |make| out.push((Dir::ToClient, make().into_words())));
    out
}
