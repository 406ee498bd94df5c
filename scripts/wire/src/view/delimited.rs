//! Messages that stand behind their length, one after the other: what the views of frames and of
//! protobuf have in common, and how gRPC puts its messages together.

use super::http::encrypted;
use super::{Limits, Say, View};
use crate::escape::Kept;
use crate::event::{Later, Mark, Shown, Tone};

/// The length in front of a message is none, or one that is not believed.
pub struct NoLength;

/// A message as far as it has arrived.
#[derive(Clone)]
pub struct Message {
    /// The bytes before it so far, which say how long it is.
    pub head: Vec<u8>,
    /// Its length in bytes, once that is known.
    pub len: Option<u64>,
    /// What is kept of it.
    pub body: Kept,
    /// In how many chunks it has arrived so far.
    pub pieces: u64,
}

impl Message {
    /// Nothing of a message yet; at most `limit` bytes of it will be kept.
    pub fn new(limit: usize) -> Self {
        Message {
            head: Vec::new(),
            len: None,
            body: Kept::new(limit),
            pieces: 0,
        }
    }

    /// Takes what belongs to the message from the start of `rest`, and keeps at most `room` bytes more
    /// of it. After each byte of the head `length` tells the length, or that the head is not whole.
    pub fn take(
        &mut self,
        rest: &mut &[u8],
        room: usize,
        length: impl Fn(&[u8]) -> Result<Option<u64>, NoLength>,
    ) -> Result<(), NoLength> {
        self.pieces += 1;
        let len = loop {
            if let Some(len) = self.len {
                break len;
            }
            let Some((byte, after)) = rest.split_first() else {
                return Ok(());
            };
            self.head.push(*byte);
            *rest = after;
            self.len = length(&self.head)?;
        };
        // More than `rest` can hold is as good as all of it.
        let missing = usize::try_from(len - self.body.len()).unwrap_or(usize::MAX);
        let (now, after) = rest.split_at(rest.len().min(missing));
        let (kept, counted) = now.split_at(now.len().min(room));
        self.body.push(kept);
        self.body.count(counted.len() as u64);
        *rest = after;
        Ok(())
    }

    /// All of it has arrived.
    pub fn is_whole(&self) -> bool {
        self.len == Some(self.body.len())
    }

    /// Nothing of it has arrived.
    pub fn is_idle(&self) -> bool {
        self.head.is_empty()
    }
}

/// What a length looks like, and the words for the messages behind it.
pub trait Format: Clone + Send + 'static {
    /// Bytes of a message that are kept.
    fn limit(&self) -> usize;

    /// The length that `head` says; `None` if more bytes belong to it.
    fn length(&self, head: &[u8]) -> Result<Option<u64>, NoLength>;

    /// A message is whole. `same_chunk`: it is not the first in its chunk.
    fn whole(&self, message: &Message, same_chunk: bool) -> Shown;

    /// A message is not whole yet, or never will be, because the direction has `ended`.
    fn part(&self, message: &Message, ended: bool) -> Shown;

    /// The length is none.
    fn no_length(&self, head: &[u8]) -> Shown;

    /// Bytes after a length that was none.
    fn stray(kept: &Kept) -> Shown;
}

/// Follows the messages of one direction.
pub struct Delimited<F> {
    format: F,
    limits: Limits,
    message: Message,
    /// Where the next message begins is unknown: the words for all bytes that still come.
    lost: Option<fn(&Kept) -> Shown>,
}

impl<F: Format> Delimited<F> {
    /// A view at the start of a direction.
    pub fn new(limits: Limits, format: F) -> Self {
        Delimited {
            limits,
            message: Message::new(format.limit()),
            format,
            lost: None,
        }
    }

    /// The message so far; the next one begins.
    fn next(&mut self) -> Message {
        std::mem::replace(&mut self.message, Message::new(self.format.limit()))
    }
}

impl<F: Format> View for Delimited<F> {
    fn feed(&mut self, bytes: &[u8], say: Say<'_>) {
        let mut rest = bytes;
        // No message that is believed begins so, but TLS does.
        let first = self.message.is_idle() && self.lost.is_none();
        if first && rest.starts_with(&[0x16, 0x03]) {
            self.lost = Some(|kept| encrypted(kept.len()));
            let words = "TLS: what crosses is encrypted, and the wire cannot read it";
            say(Shown::new("tls", Mark::Bytes, Tone::Part, words).into());
        }
        let mut same_chunk = false;
        while !rest.is_empty() && self.lost.is_none() {
            let length = |head: &[u8]| self.format.length(head);
            if self.message.take(&mut rest, usize::MAX, length).is_err() {
                self.lost = Some(F::stray);
                say(self.format.no_length(&self.message.head).into());
            } else if self.message.is_whole() {
                let (message, format) = (self.next(), self.format.clone());
                say(Later::new(message.body.bytes().len(), move || {
                    format.whole(&message, same_chunk)
                }));
                same_chunk = true;
            } else {
                say(self.format.part(&self.message, false).into());
            }
        }
        if let Some(words) = self.lost.filter(|_| !rest.is_empty()) {
            say(Later::about(Kept::of(rest, self.limits.show), words));
        }
    }

    fn end(&mut self, say: Say<'_>) {
        let message = self.next();
        if self.lost.is_none() && !message.is_idle() {
            say(self.format.part(&message, true).into());
        }
    }
}
