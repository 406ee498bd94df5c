//! A message of gRPC: one byte that says whether it is compressed, four that say how long it is, then
//! itself. Frames of HTTP/2 cut it anywhere.

use std::io::Read;
use std::sync::Arc;

use flate2::read::{GzDecoder, ZlibDecoder};

use crate::escape::hex;
use crate::event::{Dir, Mark, Shown, Tone};
use crate::schema::{Schema, guess, text};
use crate::view::delimited::{self, NoLength};
use crate::view::{count, in_pieces};

/// A longer message is counted and not understood, compressed or opened.
const UNDERSTOOD: usize = 64 * 1024;

/// A message under way.
pub struct Assembly {
    message: delimited::Message,
    /// DATA frames in which it came, the current one included.
    frames: u64,
    /// Its number on this stream, from 1.
    number: u64,
}

impl Assembly {
    /// Nothing yet of the message with this number.
    pub fn new(number: u64) -> Assembly {
        Assembly {
            message: delimited::Message::new(UNDERSTOOD),
            frames: 1,
            number,
        }
    }

    /// Takes what belongs to the current message from `rest`, and keeps at most `room` bytes of it. True
    /// if it is whole; an error if it begins with a byte that is neither 0 nor 1.
    pub fn take(&mut self, rest: &mut &[u8], room: usize) -> Result<bool, NoLength> {
        self.message.take(rest, room, |head| match head {
            [0 | 1, len @ ..] => {
                let len = len.try_into().map(u32::from_be_bytes);
                Ok(len.ok().map(u64::from))
            }
            _ => Err(NoLength),
        })?;
        Ok(self.message.is_whole())
    }

    /// The message, which is whole; the next one begins.
    pub fn finish(&mut self) -> Assembly {
        let next = Assembly::new(self.number + 1);
        std::mem::replace(self, next)
    }

    /// A DATA frame has ended.
    pub fn next_frame(&mut self) {
        self.frames += u64::from(!self.is_idle());
    }

    /// Nothing of a message is there.
    pub fn is_idle(&self) -> bool {
        self.message.is_idle()
    }

    /// Bytes it keeps.
    pub fn held(&self) -> usize {
        self.message.body.bytes().len()
    }

    /// How many bytes are there, and of how many.
    pub fn progress(&self) -> (u64, Option<u64>) {
        match self.message.len {
            None => (self.message.head.len() as u64, None),
            len => (self.message.body.len(), len),
        }
    }
}

/// A message with what is known of its call.
pub struct Message {
    pub stream: u32,
    pub dir: Dir,
    pub path: Arc<str>,
    /// How it would be compressed.
    pub encoding: Option<Arc<str>>,
    /// The sender has nothing more to say.
    pub ends: bool,
    /// In how many chunks the frame came in which it ended.
    pub pieces: u64,
    pub assembled: Assembly,
}

impl Message {
    /// Bytes of memory.
    pub fn held(&self) -> usize {
        self.assembled.held()
    }

    /// The words for it.
    pub fn shown(&self, schema: &Schema, show: usize) -> Shown {
        let Assembly {
            message: delimited::Message { head, body, .. },
            frames,
            number,
        } = &self.assembled;
        let compressed = head[0] == 1;
        let mut notes = vec![count(body.len(), "byte")];
        let bytes = match compressed {
            true => self.open(),
            false if body.left_out() > 0 => Err("too long to read it".to_string()),
            false => Ok(body.bytes().to_vec()),
        };
        if let (Ok(bytes), true) = (&bytes, compressed) {
            let name = self.encoding.as_deref().unwrap_or_default();
            let opened = count(bytes.len() as u64, "byte");
            notes.push(format!("{name}, opened {opened}"));
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
        notes.extend(in_pieces(self.pieces));
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
        let body = &self.assembled.message.body;
        if body.left_out() > 0 {
            return Err("compressed, and too long to open it".to_string());
        }
        let opened: Box<dyn Read> = match self.encoding.as_deref() {
            Some("gzip") => Box::new(GzDecoder::new(body.bytes())),
            Some("deflate") => Box::new(ZlibDecoder::new(body.bytes())),
            Some(other) => {
                let why = "which the wire cannot open";
                return Err(format!("compressed with {other:?}, {why}"));
            }
            None => return Err("compressed, but the headers have no grpc-encoding".to_string()),
        };
        let mut out = Vec::new();
        let done = opened.take(UNDERSTOOD as u64 + 1).read_to_end(&mut out);
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
