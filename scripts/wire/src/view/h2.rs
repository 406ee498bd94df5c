//! HTTP/2 (RFC 9113), one direction: bytes become frames, header frames become lists of fields.
//!
//! What is kept is bounded: one header block of [`MAX_BLOCK`] bytes, [`SHOW_FRAME`] bytes of any
//! other frame, and the table of [`super::hpack`]. Data is never kept here; it passes in slices.
//! A frame longer than the receiver allows ends the understanding, as it ends the connection.

pub mod names;
pub mod words;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::hpack::{Decoder, List};
use crate::escape::Kept;
use crate::event::Dir;

/// What a client sends first, so that a server for HTTP/1 says no at once.
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The longest header block that is read.
const MAX_BLOCK: usize = 64 * 1024;
/// Bytes that are kept of a frame that is neither data nor a header block.
const SHOW_FRAME: usize = 1024;
/// The longest frame unless the receiver allows more.
const FIRST_MAX_FRAME: u32 = 16 * 1024;
/// Bytes before every payload: length, type, flags, stream.
const HEAD: usize = 9;

/// What stands before the payload of a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// Bytes of the payload.
    pub len: u32,
    /// The number of the type.
    pub kind: u8,
    /// The flags.
    pub flags: u8,
    /// The stream, 0 for the connection.
    pub stream: u32,
}

impl Head {
    fn read(bytes: [u8; HEAD]) -> Head {
        let [a, b, c, kind, flags, stream @ ..] = bytes;
        Head {
            len: u32::from_be_bytes([0, a, b, c]),
            kind,
            flags,
            stream: u32::from_be_bytes(stream) & 0x7fff_ffff,
        }
    }

    /// True if this flag is set.
    pub fn has(self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// The sender has finished this stream.
    pub fn ends_stream(self) -> bool {
        matches!(self.kind, names::DATA | names::HEADERS) && self.has(names::END_STREAM)
    }
}

/// A header block that is whole.
pub struct Block {
    /// The frame with which it began.
    pub head: Head,
    /// Bytes of the block, without padding.
    pub len: u64,
    /// In how many frames it came.
    pub frames: u32,
    /// What it says, or why it cannot be read.
    pub list: Result<List, &'static str>,
}

/// What a direction says.
pub enum Item<'a> {
    /// The preface of the client.
    Preface,
    /// A frame is whole; it is neither data nor the last one of a header block.
    Frame(Head, &'a Kept),
    /// A header block is whole.
    Headers(Block),
    /// Bytes of a DATA frame, in order. The last slice may be empty.
    Data {
        /// The frame.
        head: Head,
        /// Without padding.
        bytes: &'a [u8],
        /// The frame is whole.
        last: bool,
    },
    /// From here on it is unknown where frames begin.
    Lost(String, &'a Kept),
    /// Bytes after that.
    Stray(&'a [u8]),
    /// The direction has ended inside a frame; so many of its bytes are there.
    Unfinished(Option<Head>, u64),
}

/// Takes items as they come, with the number of chunks in which each has arrived.
pub type On<'a> = &'a mut dyn FnMut(Item<'_>, u64);

/// The longest frame that each side takes, in the order server, client.
pub type MaxFrames = Arc<[AtomicU32; 2]>;

/// As they are before the first byte.
pub fn max_frames() -> MaxFrames {
    Arc::new([FIRST_MAX_FRAME; 2].map(AtomicU32::new))
}

/// Reads one direction.
pub struct Reader {
    dir: Dir,
    max: MaxFrames,
    state: State,
    /// No frame has been read yet: the first one must be SETTINGS.
    first: bool,
    decoder: Result<Decoder, &'static str>,
    /// A header block under way: its first frame, its bytes, its frames so far.
    block: Option<(Head, Kept, u32)>,
    /// In how many chunks the current item has arrived; 0 before its first byte.
    pieces: u64,
}

enum State {
    Preface(usize),
    Head([u8; HEAD], usize),
    Payload(Head, Payload),
    Lost,
}

/// A payload under way.
struct Payload {
    left: u32,
    kept: Kept,
    /// Of DATA: padding at the end, once it is known.
    padding: Option<u32>,
}

impl Reader {
    /// A reader for the start of a direction.
    pub fn new(dir: Dir, max: MaxFrames) -> Reader {
        let state = match dir {
            Dir::ToServer => State::Preface(0),
            Dir::ToClient => State::Head([0; HEAD], 0),
        };
        Reader {
            dir,
            max,
            state,
            first: true,
            decoder: Ok(Decoder::new()),
            block: None,
            pieces: 0,
        }
    }

    /// The next bytes.
    pub fn feed(&mut self, bytes: &[u8], on: On<'_>) {
        let mut rest = bytes;
        if self.pieces > 0 {
            self.pieces += 1;
        }
        while !rest.is_empty() {
            self.pieces = self.pieces.max(1);
            rest = match &mut self.state {
                State::Preface(have) => {
                    // The caller has compared them already.
                    let now = rest.len().min(PREFACE.len() - *have);
                    *have += now;
                    if *have == PREFACE.len() {
                        self.state = State::Head([0; HEAD], 0);
                        on(Item::Preface, self.pieces);
                        self.pieces = 0;
                    }
                    &rest[now..]
                }
                State::Head(head, have) => {
                    let now = rest.len().min(HEAD - *have);
                    head[*have..*have + now].copy_from_slice(&rest[..now]);
                    *have += now;
                    if *have == HEAD {
                        let head = *head;
                        self.begin(head, on);
                    }
                    &rest[now..]
                }
                State::Payload(head, payload) => {
                    let left = usize::try_from(payload.left).unwrap_or(usize::MAX);
                    let (now, after) = rest.split_at(rest.len().min(left));
                    let head = *head;
                    self.payload(head, now, on);
                    after
                }
                State::Lost => {
                    on(Item::Stray(rest), 1);
                    return;
                }
            };
        }
    }

    /// No more bytes will come.
    pub fn end(&mut self, on: On<'_>) {
        match &self.state {
            State::Preface(have @ 1..) => on(Item::Unfinished(None, *have as u64), self.pieces),
            State::Head(_, have @ 1..) => on(Item::Unfinished(None, *have as u64), self.pieces),
            State::Payload(head, payload) => {
                let have = u64::from(head.len - payload.left);
                on(Item::Unfinished(Some(*head), have), self.pieces);
            }
            _ => {}
        }
        self.state = State::Lost;
    }

    /// The nine bytes before a payload are there.
    fn begin(&mut self, bytes: [u8; HEAD], on: On<'_>) {
        let head = Head::read(bytes);
        let max = self.max[self.dir.index()].load(Ordering::Relaxed);
        let why = if self.first && head.kind != names::SETTINGS {
            Some("the first frame of HTTP/2 is SETTINGS, and this is none".to_string())
        } else if head.len > max {
            let (len, name) = (head.len, names::kind(head.kind));
            Some(format!(
                "a frame {name} of {len} bytes, and the receiver takes {max}"
            ))
        } else {
            None
        };
        if let Some(why) = why {
            self.state = State::Lost;
            on(Item::Lost(why, &Kept::of(&bytes, HEAD)), self.pieces);
            return;
        }
        self.first = false;
        let limit = match head.kind {
            names::DATA => 0,
            names::HEADERS | names::PUSH_PROMISE | names::CONTINUATION => MAX_BLOCK,
            _ => SHOW_FRAME,
        };
        let payload = Payload {
            left: head.len,
            kept: Kept::new(limit),
            padding: None,
        };
        self.state = State::Payload(head, payload);
        if head.len == 0 {
            self.payload(head, &[], on);
        }
    }

    /// Bytes of the payload, never more than are missing.
    fn payload(&mut self, head: Head, mut bytes: &[u8], on: On<'_>) {
        let State::Payload(_, payload) = &mut self.state else {
            return;
        };
        payload.left -= u32::try_from(bytes.len()).unwrap_or(payload.left);
        let whole = payload.left == 0;
        if head.kind == names::DATA {
            if head.has(names::PADDED) && payload.padding.is_none() {
                let Some((padding, after)) = bytes.split_first() else {
                    // An empty frame has no room for its length of padding.
                    self.whole(head, on);
                    return;
                };
                payload.padding = Some(u32::from(*padding));
                bytes = after;
            }
            // Of what is here, the part that is not in the padding at the end of the frame.
            let padding = payload.padding.unwrap_or(0);
            let overhang = padding.saturating_sub(payload.left);
            let keep = bytes.len().saturating_sub(overhang as usize);
            let bytes = &bytes[..keep];
            if whole || !bytes.is_empty() {
                on(
                    Item::Data {
                        head,
                        bytes,
                        last: whole,
                    },
                    self.pieces,
                );
            }
        } else {
            payload.kept.push(bytes);
        }
        if whole {
            self.whole(head, on);
        }
    }

    /// A frame is whole.
    fn whole(&mut self, head: Head, on: On<'_>) {
        let next = State::Head([0; HEAD], 0);
        let State::Payload(_, payload) = std::mem::replace(&mut self.state, next) else {
            return;
        };
        let kept = payload.kept;
        match head.kind {
            names::DATA => {}
            names::HEADERS | names::PUSH_PROMISE => {
                let skip = match head.kind {
                    names::PUSH_PROMISE => 4,
                    _ if head.has(names::PRIORITY_FLAG) => 5,
                    _ => 0,
                };
                let mut block = Kept::new(MAX_BLOCK);
                block.push(fragment(head, kept.bytes(), skip));
                if self.block.take().is_some() {
                    self.decoder = Err("a header block was left unfinished");
                }
                self.headers(head, block, 1, head, &kept, on);
            }
            names::CONTINUATION => match self.block.take() {
                Some((start, mut block, frames)) if start.stream == head.stream => {
                    block.push(kept.bytes());
                    self.headers(start, block, frames + 1, head, &kept, on);
                }
                _ => {
                    self.decoder = Err("a CONTINUATION continued nothing");
                    on(Item::Frame(head, &kept), self.pieces);
                }
            },
            kind => {
                if kind == names::SETTINGS && !head.has(names::ACK) {
                    self.note_settings(kept.bytes());
                }
                on(Item::Frame(head, &kept), self.pieces);
            }
        }
        self.pieces = 0;
    }

    /// A frame of a header block is whole, and perhaps the block with it.
    fn headers(
        &mut self,
        start: Head,
        block: Kept,
        frames: u32,
        now: Head,
        kept: &Kept,
        on: On<'_>,
    ) {
        if !now.has(names::END_HEADERS) {
            on(Item::Frame(now, kept), self.pieces);
            self.block = Some((start, block, frames));
            return;
        }
        let list = match &mut self.decoder {
            Ok(_) if block.left_out() > 0 => Err("the block is longer than 64 KiB"),
            Ok(decoder) => decoder.decode(block.bytes()),
            Err(why) => Err(*why),
        };
        if let Err(why) = list {
            // The table has missed something: what comes later leans on what could not be read.
            self.decoder = Err(why);
        }
        let block = Block {
            head: start,
            len: block.len(),
            frames,
            list,
        };
        on(Item::Headers(block), self.pieces);
    }

    /// What this sender takes bounds the frames of the other direction.
    fn note_settings(&self, payload: &[u8]) {
        for (id, value) in names::settings(payload) {
            if id == names::MAX_FRAME_SIZE {
                self.max[self.dir.back().index()].store(value, Ordering::Relaxed);
            }
        }
    }
}

/// The part of a payload that is header block: no padding, and not the `skip` bytes before it.
fn fragment(head: Head, payload: &[u8], skip: usize) -> &[u8] {
    let (padding, rest) = match payload.split_first() {
        Some((padding, rest)) if head.has(names::PADDED) => (usize::from(*padding), rest),
        _ => (0, payload),
    };
    let rest = rest.get(skip..).unwrap_or_default();
    &rest[..rest.len().saturating_sub(padding)]
}

#[cfg(test)]
pub mod tests;
