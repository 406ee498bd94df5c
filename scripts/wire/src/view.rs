//! Views: what the bytes mean. One file a view, all behind one trait, so that a later lesson
//! adds its protocol with one file and one line in [`ViewKind`].

mod bytes;
mod frames;
mod json_rpc;
mod lines;

use crate::event::Later;
#[cfg(test)]
use crate::event::Shown;

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
}

impl ViewKind {
    /// All of them, in the order in which help and errors name them.
    pub const ALL: [ViewKind; 4] = [
        ViewKind::Bytes,
        ViewKind::Lines,
        ViewKind::Frames,
        ViewKind::JsonRpc,
    ];

    /// The word for `--as`.
    pub fn name(self) -> &'static str {
        match self {
            ViewKind::Bytes => "bytes",
            ViewKind::Lines => "lines",
            ViewKind::Frames => "frames",
            ViewKind::JsonRpc => "json-rpc",
        }
    }

    /// The view that `--as name` asks for, or `None` if there is no such view.
    pub fn from_name(name: &str) -> Option<ViewKind> {
        ViewKind::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// A fresh view for one direction of one connection.
    pub fn start(self, limits: Limits) -> Box<dyn View> {
        match self {
            ViewKind::Bytes => Box::new(bytes::Bytes::new(limits)),
            ViewKind::Lines => Box::new(lines::Lines::new(limits)),
            ViewKind::Frames => Box::new(frames::Frames::new(limits)),
            ViewKind::JsonRpc => Box::new(json_rpc::JsonRpc::new(limits)),
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
    let mut view = kind.start(limits);
    for piece in pieces {
        view.feed(piece, &mut |make| out.push(make().into_words()));
    }
    view.end(&mut |make| out.push(make().into_words()));
    out
}
