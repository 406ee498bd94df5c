//! A message of gRPC: one byte that says whether it is compressed, four that say how long it is, then
//! itself. Frames of HTTP/2 cut it anywhere.

use std::io::Read;
use std::sync::Arc;

use flate2::read::{GzDecoder, ZlibDecoder};

use crate::escape::{Kept, hex};
use crate::event::{Dir, Mark, Shown, Tone};
use crate::schema::{Schema, guess, text};
use crate::view::count;
use crate::view::h2::words;

/// Bytes before every message.
const HEAD: usize = 5;
/// A longer message is counted and not understood, compressed or opened.
const UNDERSTOOD: usize = 64 * 1024;

/// A message under way.
pub struct Assembly {
    head: [u8; HEAD],
    have: usize,
    body: Kept,
    /// DATA frames that it has had before the current one.
    frames: u64,
    /// How many messages came before it on this stream.
    number: u64,
}

impl Default for Assembly {
    fn default() -> Self {
        Assembly {
            head: [0; HEAD],
            have: 0,
            body: Kept::new(UNDERSTOOD),
            frames: 0,
            number: 0,
        }
    }
}

/// What some bytes have done.
pub enum Step {
    /// More are needed.
    More,
    /// The message is whole; [`Assembly::finish`] gives it.
    Whole,
    /// It begins with a byte that is neither 0 nor 1.
    Broken(u8),
}

impl Assembly {
    /// Takes what belongs to the current message from `rest`, and keeps at most `room` bytes of it.
    pub fn take(&mut self, rest: &mut &[u8], room: usize) -> Step {
        if self.have < HEAD {
            let (now, after) = rest.split_at(rest.len().min(HEAD - self.have));
            self.head[self.have..self.have + now.len()].copy_from_slice(now);
            self.have += now.len();
            if self.head[0] > 1 {
                return Step::Broken(self.head[0]);
            }
            *rest = after;
        }
        let Some(len) = self.len() else {
            return Step::More;
        };
        let missing = u64::from(len) - self.body.len();
        let now = usize::try_from(missing).map_or(rest.len(), |n| n.min(rest.len()));
        let (now, after) = rest.split_at(now);
        let (kept, counted) = now.split_at(now.len().min(room));
        self.body.push(kept);
        self.body.count(counted.len() as u64);
        *rest = after;
        if self.body.len() == u64::from(len) {
            Step::Whole
        } else {
            Step::More
        }
    }

    /// The message, which is whole; the next one begins.
    pub fn finish(&mut self) -> Assembled {
        let next = Assembly {
            number: self.number + 1,
            ..Assembly::default()
        };
        let this = std::mem::replace(self, next);
        Assembled {
            head: this.head,
            body: this.body,
            frames: this.frames + 1,
            number: this.number + 1,
        }
    }

    /// A DATA frame has ended.
    pub fn next_frame(&mut self) {
        if !self.is_idle() {
            self.frames += 1;
        }
    }

    /// Nothing of a message is there.
    pub fn is_idle(&self) -> bool {
        self.have == 0
    }

    /// Bytes it keeps.
    pub fn held(&self) -> usize {
        self.body.bytes().len()
    }

    /// How many bytes are there, and of how many.
    pub fn progress(&self) -> (u64, Option<u32>) {
        match self.len() {
            Some(len) => (self.body.len(), Some(len)),
            None => (self.have as u64, None),
        }
    }

    fn len(&self) -> Option<u32> {
        let [_, len @ ..] = self.head;
        (self.have == HEAD).then(|| u32::from_be_bytes(len))
    }
}

/// A message that is whole.
pub struct Assembled {
    head: [u8; HEAD],
    body: Kept,
    frames: u64,
    number: u64,
}

/// A message with what is known of its call.
pub struct Message {
    /// The stream of its call.
    pub stream: u32,
    /// Its direction.
    pub dir: Dir,
    /// The path of the call.
    pub path: Arc<str>,
    /// How it would be compressed.
    pub encoding: Option<Arc<str>>,
    /// The sender has nothing more to say.
    pub ends: bool,
    /// In how many chunks the frame came in which it ended.
    pub pieces: u64,
    /// Itself.
    pub assembled: Assembled,
}

impl Message {
    /// Bytes of memory.
    pub fn held(&self) -> usize {
        self.assembled.body.bytes().len()
    }

    /// The words for it.
    pub fn shown(&self, schema: &Schema, show: usize) -> Shown {
        let Assembled {
            head,
            body,
            frames,
            number,
        } = &self.assembled;
        let compressed = head[0] == 1;
        let mut notes = vec![count(body.len(), "byte")];
        let bytes = if compressed {
            self.open()
        } else if body.left_out() > 0 {
            Err("too long to read it".to_string())
        } else {
            Ok(body.bytes().to_vec())
        };
        if let (Ok(bytes), true) = (&bytes, compressed) {
            let name = self.encoding.as_deref().unwrap_or_default();
            notes.push(format!(
                "{name}, opened {}",
                count(bytes.len() as u64, "byte")
            ));
        }
        let mut tone = Tone::Good;
        let (mut kind, mut json) = (None, None);
        let line = match &bytes {
            Ok(bytes) => {
                let method = schema.method(&self.path);
                let message = method.map(|method| match self.dir {
                    Dir::ToServer => method.input(),
                    Dir::ToClient => method.output(),
                });
                let reading = text::read(message.as_ref(), bytes, show);
                if let Some(problem) = reading.problem {
                    tone = Tone::Wrong;
                    notes.push(problem);
                }
                (kind, json) = (reading.name, reading.json);
                reading.line
            }
            Err(why) => {
                notes.push(why.clone());
                guess::short_hex(body.bytes())
            }
        };
        notes.extend((*frames > 1).then(|| format!("in {frames} DATA frames")));
        notes.extend(words::in_pieces(self.pieces));
        notes.extend(self.ends.then(|| "END_STREAM".to_string()));
        let words = format!("stream {}  message {line}", self.stream);
        let raw = bytes.as_deref().unwrap_or(body.bytes());
        Shown::new("grpc-message", Mark::Bytes, tone, words)
            .note(notes.join("; "))
            .field("stream", self.stream)
            .field("path", &*self.path)
            .field("number", *number)
            .field("compressed", compressed)
            .field("encoding", self.encoding.as_deref())
            .field("len", body.len())
            .field("opened_len", bytes.as_ref().ok().map(Vec::len))
            .field("frames", *frames)
            .field("pieces", self.pieces)
            .field("end_stream", self.ends)
            .field("type", kind)
            .field("text", line)
            .field("message", json)
            .field("hex", hex(&raw[..raw.len().min(show)]))
            .field("left_out", body.left_out())
    }

    /// What a compressed message holds. However small it is, it may want to become gigabytes: more
    /// than [`UNDERSTOOD`] is never made.
    fn open(&self) -> Result<Vec<u8>, String> {
        let body = &self.assembled.body;
        if body.left_out() > 0 {
            return Err("compressed, and too long to open it".to_string());
        }
        let limit = UNDERSTOOD as u64 + 1;
        let mut out = Vec::new();
        let done = match self.encoding.as_deref() {
            Some("gzip") => GzDecoder::new(body.bytes())
                .take(limit)
                .read_to_end(&mut out),
            Some("deflate") => ZlibDecoder::new(body.bytes())
                .take(limit)
                .read_to_end(&mut out),
            Some(other) => {
                return Err(format!(
                    "compressed with {other:?}, which the wire cannot open"
                ));
            }
            None => return Err("compressed, but nobody has said how".to_string()),
        };
        if out.len() > UNDERSTOOD {
            return Err(format!(
                "compressed, and opened more than {UNDERSTOOD} bytes: too long to read it"
            ));
        }
        match done {
            Ok(_) => Ok(out),
            Err(error) => Err(format!("compressed, but it cannot be opened: {error}")),
        }
    }
}
