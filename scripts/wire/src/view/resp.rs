//! `--as resp`: the protocol of Redis, versions 2 and 3, as in lesson 15: requests as a person would
//! type them, replies with their type, and which reply answers which request.
//!
//! It reads by itself and not with the decoder of lesson 15: that one gives a whole value or none, and
//! here a value of 512 MB has to cross with only its first bytes kept. Besides, lesson 15 would bring
//! 59 crates more.
//!
//! What breaks the protocol ends the reading of that direction: no later byte is known to begin a
//! value. It is said, and the rest is shown as bytes.

mod node;
mod reader;
mod talk;
mod words;

use std::sync::{Arc, Mutex};

use self::node::Node;
use self::reader::Reader;
use self::talk::Talk;
use super::http::stray;
use super::{Limits, Say, View};
use crate::escape::Kept;
use crate::event::{Dir, Later};
use crate::lock;

/// Follows one direction of a connection.
pub struct Resp {
    dir: Dir,
    limits: Limits,
    reader: Reader,
    talk: Arc<Mutex<Talk>>,
    /// The bytes of the value that is under way.
    raw: Kept,
    /// In how many chunks it has arrived so far.
    pieces: u64,
    /// The protocol was broken: nothing more can be read.
    lost: bool,
}

impl Resp {
    /// The views of both directions of a new connection.
    pub fn both(limits: Limits) -> [Self; 2] {
        let talk = Arc::new(Mutex::new(Talk::default()));
        [Dir::ToServer, Dir::ToClient].map(|dir| Resp {
            dir,
            limits,
            reader: Reader::new(dir == Dir::ToServer, limits.show),
            talk: Arc::clone(&talk),
            raw: Kept::new(limits.show),
            pieces: 0,
            lost: false,
        })
    }

    /// What is known of the value that has just ended, `after` others in the same chunk.
    fn facts(&self, same_chunk: bool) -> words::Facts {
        words::Facts {
            raw: self.raw.clone(),
            pieces: self.pieces,
            same_chunk,
            show: self.limits.show,
        }
    }

    fn whole(&self, node: Node, same_chunk: bool, say: Say<'_>) {
        let which = {
            let mut talk = lock(&self.talk);
            match self.dir {
                Dir::ToServer => talk.request(&node),
                Dir::ToClient => talk.reply(&node),
            }
        };
        let words = match self.dir {
            Dir::ToServer => words::request,
            Dir::ToClient => words::reply,
        };
        let facts = self.facts(same_chunk);
        say(Later::new(
            facts.raw.bytes().len() + node.weight(),
            move || words(&node, &which, &facts),
        ));
    }

    fn broken(&self, why: &str, say: Say<'_>) {
        // Redis answers a broken request once, and hangs up.
        let number = match self.dir {
            Dir::ToServer => lock(&self.talk).broken_request().number,
            Dir::ToClient => None,
        };
        say(words::broken(why, number, &self.facts(false)).into());
    }
}

impl View for Resp {
    fn feed(&mut self, bytes: &[u8], say: Say<'_>) {
        let (mut rest, mut same_chunk) = (bytes, false);
        while !rest.is_empty() {
            if self.lost {
                return say(Later::about(Kept::of(rest, self.limits.show), stray));
            }
            let before = rest;
            let value = self.reader.next(&mut rest);
            self.raw.push(&before[..before.len() - rest.len()]);
            self.pieces += 1;
            match value {
                Ok(None) => {
                    let facts = self.facts(same_chunk);
                    return say(Later::new(facts.raw.bytes().len(), move || {
                        words::part(&facts)
                    }));
                }
                Ok(Some(node)) => {
                    self.whole(node, same_chunk, say);
                    same_chunk = true;
                }
                Err(why) => {
                    self.broken(&why, say);
                    self.lost = true;
                }
            }
            self.raw.clear();
            self.pieces = 0;
        }
    }

    fn end(&mut self, say: Say<'_>) {
        if !self.raw.is_empty() {
            say(words::unfinished(&self.facts(false)).into());
            self.raw.clear();
        }
    }
}

#[cfg(test)]
mod tests;
