//! `--as grpc`: the calls in the streams of HTTP/2: who is called, what is said, how it ended.
//!
//! The two directions share [`Calls`]: what type a reply has is known from the path of its request.
//! Whatever peers send, a connection keeps [`MAX_CALLS`] calls and [`MAX_HELD`] bytes of unfinished
//! messages a direction. With `--as http` no call is ever known, and every frame is shown as it is.

mod calls;
mod message;
mod status;
mod words;

use std::collections::HashMap;
use std::sync::Arc;

pub use self::calls::Calls;
use self::calls::{Call, MAX_CALLS};
use self::message::{Assembly, Message};
use self::words::Facts;
use super::delimited::NoLength;
use super::h2::words::block_kind;
use super::h2::{Block, Head, Item, names};
use super::http::{say_data, say_item};
use super::{Limits, Say};
use crate::escape::{Kept, beginning};
use crate::event::{Dir, Later, Shown};

/// Bytes of unfinished messages that one direction keeps.
const MAX_HELD: usize = 256 * 1024;

/// Follows the calls in one direction.
pub struct Grpc {
    dir: Dir,
    limits: Limits,
    calls: Arc<Calls>,
    /// Messages under way.
    open: HashMap<u32, Assembly>,
    /// Data of a stream that is no call of gRPC.
    data: Kept,
}

impl Grpc {
    /// A reader of calls at the start of a direction.
    pub fn new(dir: Dir, limits: Limits, calls: Arc<Calls>) -> Grpc {
        Grpc {
            dir,
            limits,
            calls,
            open: HashMap::new(),
            data: Kept::new(limits.show),
        }
    }

    /// The next item of HTTP/2, which came in so many chunks.
    pub fn item(&mut self, item: Item<'_>, pieces: u64, say: Say<'_>) {
        match item {
            Item::Headers(block) => self.headers(block, pieces, say),
            Item::Data { head, bytes, last } => self.data(head, bytes, last, pieces, say),
            Item::Frame(head, kept) if head.kind == names::RST_STREAM => {
                let call = self.calls.get(head.stream);
                say(words::given_up(head, kept, pieces, call.as_ref(), self.dir).into());
                self.open.remove(&head.stream);
                self.calls.give_up(head.stream, self.dir);
            }
            other => say_item(other, pieces, self.limits.show, say),
        }
    }

    fn headers(&mut self, block: Block, pieces: u64, say: Say<'_>) {
        let head = block.head;
        let kind = block.list.as_ref().map_or("", block_kind);
        let Ok(list) = &block.list else {
            return say_item(Item::Headers(block), pieces, self.limits.show, say);
        };
        let text = |name: &str| list.get(name).map(String::from_utf8_lossy);
        let encoding = text("grpc-encoding").filter(|it| it != "identity");
        let encoding: Option<Arc<str>> = encoding.map(|it| beginning(&it, 32).into());
        let kind_of_body = list.get("content-type").unwrap_or_default();
        let grpc = self.calls.grpc && kind_of_body.starts_with(b"application/grpc");
        let known = self.calls.get(head.stream);
        match kind {
            "request" if grpc => {
                let path = text(":path").unwrap_or_default();
                self.calls.schema.want_method(&path);
                self.calls.begin(head.stream, Call::new(&path, encoding));
                self.say_headers(block, pieces, None, say, words::call_begins);
            }
            "response" if known.is_some() && list.get("grpc-status").is_none() => {
                self.calls.encoding(head.stream, self.dir, encoding);
                self.say_headers(block, pieces, known, say, words::reply_begins);
            }
            _ if known.is_some() && list.get("grpc-status").is_some() => {
                let given_up = known.as_ref().and_then(|call| call.given_up);
                let late = given_up.filter(|by| *by != self.dir);
                let schema = Arc::clone(&self.calls.schema);
                self.say_headers(block, pieces, known, say, move |facts| {
                    status::shown(facts, &schema, late)
                });
            }
            _ => say_item(Item::Headers(block), pieces, self.limits.show, say),
        }
        if head.ends_stream() {
            self.end_stream(head.stream, say);
        }
    }

    /// Says a header block of this call that `words` can put into words.
    fn say_headers(
        &self,
        block: Block,
        pieces: u64,
        call: Option<Call>,
        say: Say<'_>,
        words: impl FnOnce(&Facts) -> Shown + Send + 'static,
    ) {
        let facts = Facts {
            head: block.head,
            len: block.len,
            list: block.list.unwrap_or_default(),
            pieces,
            path: call.map(|call| call.path.to_string()).unwrap_or_default(),
            show: self.limits.show,
        };
        say(Later::new(facts.list.size(), move || words(&facts)));
    }

    fn data(&mut self, head: Head, bytes: &[u8], last: bool, pieces: u64, say: Say<'_>) {
        let Some(call) = self.calls.get(head.stream) else {
            self.data.push(bytes);
            if last {
                say_data(head, &self.data, pieces, say);
                self.data.clear();
            }
            return;
        };
        if self.open.len() >= MAX_CALLS && !self.open.contains_key(&head.stream) {
            // Room for one more message under way: those of calls that are forgotten go.
            self.calls.retain(&mut self.open);
        }
        let others = self.open.iter().filter(|(it, _)| **it != head.stream);
        let others: usize = others.map(|(_, open)| open.held()).sum();
        let mut messages = false;
        let mut rest = bytes;
        while !rest.is_empty() {
            let open = self.open.entry(head.stream);
            let assembly = open.or_insert_with(|| Assembly::new(1));
            let room = MAX_HELD.saturating_sub(others + assembly.held());
            let begin = rest;
            match assembly.take(&mut rest, room) {
                Ok(false) => {}
                Ok(true) => {
                    let ends = last && rest.is_empty() && head.ends_stream();
                    self.whole(head.stream, &call, ends, pieces, say);
                    messages = true;
                }
                Err(NoLength) => {
                    self.open.remove(&head.stream);
                    self.calls.forget(head.stream);
                    let begin = Kept::of(begin, self.limits.show);
                    return say(words::broken(head.stream, &begin).into());
                }
            }
        }
        if last {
            if let Some(assembly) = self.open.get_mut(&head.stream) {
                assembly.next_frame();
            }
            if head.ends_stream() {
                // A message that is whole says it itself, unless padding came between.
                let said = messages && !bytes.is_empty();
                if !said && self.open.get(&head.stream).is_none_or(Assembly::is_idle) {
                    say(words::finished(head.stream, self.dir).into());
                }
                self.end_stream(head.stream, say);
            }
        }
    }

    fn whole(&mut self, stream: u32, call: &Call, ends: bool, pieces: u64, say: Say<'_>) {
        let Some(assembly) = self.open.get_mut(&stream) else {
            return;
        };
        let message = Message {
            stream,
            dir: self.dir,
            path: Arc::clone(&call.path),
            encoding: call.encoding[self.dir.index()].clone(),
            ends,
            pieces,
            assembled: assembly.finish(),
        };
        let (schema, show) = (Arc::clone(&self.calls.schema), self.limits.show);
        say(Later::new(message.held(), move || {
            message.shown(&schema, show)
        }));
    }

    /// This direction of a stream has ended.
    fn end_stream(&mut self, stream: u32, say: Say<'_>) {
        let open = self.open.remove(&stream);
        if let Some(assembly) = open.filter(|open| !open.is_idle()) {
            let (have, len) = assembly.progress();
            say(words::unfinished(stream, have, len).into());
        }
        self.calls.end(stream, self.dir);
    }
}

#[cfg(test)]
mod tests;
