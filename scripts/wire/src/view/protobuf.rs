//! `--as protobuf`: messages of protobuf with their length before them, as a varint. That is how
//! lesson 05 sends them, and what most libraries call "delimited".

use prost_reflect::MessageDescriptor;

use super::{Limits, Say, View, count};
use crate::escape::{Kept, hex};
use crate::event::{Later, Mark, Shown, Tone};
use crate::schema::{guess, text};

/// A longer message is counted and no longer understood.
const UNDERSTOOD: usize = 64 * 1024;
/// A length takes at most five bytes: that is 32 GiB.
const MAX_HEAD: usize = 5;

/// Follows the messages of one direction.
pub struct Protobuf {
    limits: Limits,
    /// What they are, if that is known.
    kind: Option<MessageDescriptor>,
    message: Message,
    lost: bool,
    tls: bool,
}

/// A message as far as it has arrived.
#[derive(Clone)]
struct Message {
    head: Vec<u8>,
    body: Option<(u64, Kept)>,
    pieces: u64,
}

impl Message {
    fn new() -> Message {
        Message {
            head: Vec::new(),
            body: None,
            pieces: 0,
        }
    }

    fn is_whole(&self) -> bool {
        matches!(&self.body, Some((len, body)) if body.len() == *len)
    }

    fn bytes(&self) -> &[u8] {
        self.body.as_ref().map_or(&[], |(_, body)| body.bytes())
    }

    /// The remarks on a whole message.
    fn notes(&self, same_chunk: bool) -> Vec<String> {
        let mut notes = Vec::new();
        notes.extend((self.pieces > 1).then(|| format!("in {} pieces", self.pieces)));
        notes.extend(same_chunk.then(|| "in the same chunk".to_string()));
        notes
    }

    fn whole(&self, kind: Option<&MessageDescriptor>, show: usize, same_chunk: bool) -> Shown {
        let Some((len, body)) = &self.body else {
            return self.part("protobuf-part", Tone::Part, "");
        };
        let mut notes = self.notes(same_chunk);
        let mut tone = Tone::Good;
        let lead = format!("message of {}  [{}]", count(*len, "byte"), hex(&self.head));
        let shown = |tone, words: String, notes: Vec<String>| {
            Shown::new("protobuf", Mark::Bytes, tone, words)
                .note(notes.join("; "))
                .field("len", *len)
                .field("pieces", self.pieces)
                .field("hex", hex(&body.bytes()[..body.bytes().len().min(show)]))
                .field("left_out", body.left_out())
        };
        if body.left_out() > 0 {
            notes.insert(0, "too long to read it".to_string());
            let words = format!("{lead}  {}", guess::short_hex(body.bytes()));
            return shown(tone, words, notes);
        }
        let reading = text::read(kind, body.bytes(), show);
        if let Some(problem) = reading.problem {
            tone = Tone::Wrong;
            notes.insert(0, problem);
        }
        shown(tone, format!("{lead}  {}", reading.line), notes)
            .rows(reading.rows)
            .field("type", reading.name)
            .field("text", reading.line)
            .field("message", reading.json)
    }

    fn part(&self, event: &'static str, tone: Tone, lead: &str) -> Shown {
        let head = hex(&self.head);
        let words = match &self.body {
            None => format!("{lead}the length is not whole  [{head} --]"),
            Some((len, body)) => {
                let have = body.len();
                format!("{lead}{have} of {}  [{head}] …", count(*len, "byte"))
            }
        };
        Shown::new(event, Mark::Bytes, tone, words)
            .field("len", self.body.as_ref().map(|(len, _)| *len))
            .field("have", self.body.as_ref().map_or(0, |(_, body)| body.len()))
            .field("hex", head)
    }
}

impl Protobuf {
    /// A view at the start of a direction whose messages are of this kind.
    pub fn new(limits: Limits, kind: Option<MessageDescriptor>) -> Self {
        Protobuf {
            limits,
            kind,
            message: Message::new(),
            lost: false,
            tls: false,
        }
    }

    /// Takes bytes of the length; gives back what follows, or nothing if it is no length.
    fn take_head<'a>(&mut self, rest: &'a [u8]) -> Option<&'a [u8]> {
        let message = &mut self.message;
        let end = rest.iter().position(|byte| byte & 0x80 == 0);
        let (now, after) = rest.split_at(end.map_or(rest.len(), |at| at + 1));
        if message.head.len() + now.len() > MAX_HEAD {
            let room = MAX_HEAD.saturating_sub(message.head.len());
            message.head.extend_from_slice(&now[..room.min(now.len())]);
            return None;
        }
        message.head.extend_from_slice(now);
        if end.is_some() {
            let len = guess::varint(&mut message.head.as_slice())?;
            if len > u64::from(self.limits.max_frame) {
                return None;
            }
            message.body = Some((len, Kept::new(UNDERSTOOD)));
        }
        Some(after)
    }

    fn say_lost(&self, say: Say<'_>) {
        let (head, limit) = (self.message.head.clone(), self.limits.max_frame);
        say(&|| {
            let len = guess::varint(&mut head.as_slice());
            let words = match len {
                Some(len) => format!("message of {len} bytes? The length is [{}]", hex(&head)),
                None => format!("no length of a message: [{}]", hex(&head)),
            };
            Shown::new("protobuf-too-long", Mark::Bytes, Tone::Wrong, words)
                .note(format!("limit {limit} bytes; is a length sent at all?"))
                .field("message_len", len)
                .field("limit", limit)
                .field("hex", hex(&head))
                .into()
        });
    }
}

impl View for Protobuf {
    fn feed(&mut self, bytes: &[u8], say: Say<'_>) {
        let mut rest = bytes;
        // A length of 22 and then field 0, which does not exist: TLS begins like that.
        let first = self.message.pieces == 0 && !self.lost;
        if first && rest.starts_with(&[0x16, 0x03]) {
            (self.lost, self.tls) = (true, true);
            say(&|| {
                let words = "TLS: what crosses is encrypted, and the wire cannot read it";
                Shown::new("tls", Mark::Bytes, Tone::Part, words).into()
            });
        }
        let mut same_chunk = false;
        while !rest.is_empty() && !self.lost {
            self.message.pieces += 1;
            if self.message.body.is_none() {
                match self.take_head(rest) {
                    Some(after) => rest = after,
                    None => {
                        self.lost = true;
                        self.say_lost(say);
                        break;
                    }
                }
            }
            if let Some((len, body)) = &mut self.message.body {
                let missing = *len - body.len();
                let now = usize::try_from(missing).map_or(rest.len(), |n| n.min(rest.len()));
                body.push(&rest[..now]);
                rest = &rest[now..];
            }
            let (held, show) = (self.message.bytes().len(), self.limits.show);
            if self.message.is_whole() {
                say(&|| {
                    let (message, kind) = (self.message.clone(), self.kind.clone());
                    Later::new(held, move || message.whole(kind.as_ref(), show, same_chunk))
                });
                self.message = Message::new();
                same_chunk = true;
            } else {
                say(&|| self.message.part("protobuf-part", Tone::Part, "").into());
            }
        }
        if self.lost && !rest.is_empty() {
            let (show, tls) = (self.limits.show, self.tls);
            say(&|| {
                let kept = Kept::of(rest, show);
                Later::new(kept.bytes().len(), move || match tls {
                    true => super::http::encrypted(kept.len()),
                    false => super::http::stray(&kept),
                })
            });
        }
    }

    fn end(&mut self, say: Say<'_>) {
        if !self.lost && self.message.pieces > 0 {
            let lead = "ended in the middle: ";
            say(&|| {
                self.message
                    .part("protobuf-unfinished", Tone::Wrong, lead)
                    .into()
            });
        }
        self.message = Message::new();
    }
}

#[cfg(test)]
mod tests;
