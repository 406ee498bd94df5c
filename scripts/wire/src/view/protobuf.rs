//! `--as protobuf`: messages of protobuf with their length before them, as a varint. That is how
//! lesson 05 sends them, and what most libraries call "delimited".

use prost_reflect::MessageDescriptor;

use super::delimited::{Delimited, Format, Message, NoLength};
use super::{Limits, count, http, in_pieces, in_same_chunk};
use crate::escape::{Kept, hex};
use crate::event::{Mark, Shown, Tone};
use crate::schema::{guess, text};

/// A longer message is counted and no longer understood.
const UNDERSTOOD: usize = 64 * 1024;
/// A length takes at most five bytes: that is 32 GiB.
const MAX_HEAD: usize = 5;

/// Messages of one direction, which are of this type, if it is known.
#[derive(Clone)]
pub struct Protobuf {
    limits: Limits,
    kind: Option<MessageDescriptor>,
}

/// A view at the start of a direction whose messages are of this type.
pub fn view(limits: Limits, kind: Option<MessageDescriptor>) -> Delimited<Protobuf> {
    Delimited::new(limits, Protobuf { limits, kind })
}

impl Format for Protobuf {
    fn limit(&self) -> usize {
        UNDERSTOOD
    }

    fn length(&self, head: &[u8]) -> Result<Option<u64>, NoLength> {
        match guess::varint(&mut &*head) {
            Some(len) if len > u64::from(self.limits.max_frame) => Err(NoLength),
            None if head.len() == MAX_HEAD => Err(NoLength),
            len => Ok(len),
        }
    }

    fn whole(&self, message: &Message, same_chunk: bool) -> Shown {
        let (body, bytes) = (&message.body, message.body.bytes());
        let reading = match body.left_out() {
            0 => text::read(self.kind.as_ref(), bytes, self.limits.show),
            _ => text::Reading {
                line: guess::short_hex(bytes),
                ..text::Reading::default()
            },
        };
        let wrong = reading.problem.is_some();
        let too_long = (body.left_out() > 0).then(|| "too long to read it".to_string());
        let tone = if wrong { Tone::Wrong } else { Tone::Good };
        let (len, head) = (count(body.len(), "byte"), hex(&message.head));
        let words = format!("message of {len}  [{head}]  {}", reading.line);
        Shown::new("protobuf", Mark::Bytes, tone, words)
            .notes([
                reading.problem.or(too_long),
                in_pieces(message.pieces),
                in_same_chunk(same_chunk),
            ])
            .rows(reading.rows)
            .field("len", body.len())
            .field("pieces", message.pieces)
            .field("hex", hex(&bytes[..bytes.len().min(self.limits.show)]))
            .field("left_out", body.left_out())
            .field("type", reading.name)
            .field("text", reading.line)
            .field("message", reading.json)
    }

    fn part(&self, message: &Message, ended: bool) -> Shown {
        let (event, tone, lead) = match ended {
            false => ("protobuf-part", Tone::Part, ""),
            true => ("protobuf-unfinished", Tone::Wrong, "ended in the middle: "),
        };
        let (head, have) = (hex(&message.head), message.body.len());
        let words = match message.len {
            None => format!("{lead}the length is not whole  [{head} --]"),
            Some(len) => format!("{lead}{have} of {}  [{head}] …", count(len, "byte")),
        };
        Shown::new(event, Mark::Bytes, tone, words)
            .field("len", message.len)
            .field("have", have)
            .field("hex", head)
    }

    fn no_length(&self, head: &[u8]) -> Shown {
        let (len, limit) = (guess::varint(&mut &*head), self.limits.max_frame);
        let words = match len {
            Some(len) => format!("message of {len} bytes? The length is [{}]", hex(head)),
            None => format!("no length of a message: [{}]", hex(head)),
        };
        Shown::new("protobuf-too-long", Mark::Bytes, Tone::Wrong, words)
            .note(format!("limit {limit} bytes; is a length sent at all?"))
            .field("message_len", len)
            .field("limit", limit)
            .field("hex", hex(head))
    }

    fn stray(kept: &Kept) -> Shown {
        http::stray(kept)
    }
}

#[cfg(test)]
mod tests;
