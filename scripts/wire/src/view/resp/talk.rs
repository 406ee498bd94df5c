//! What the two directions of a connection know of each other: requests that wait for their reply.
//! Replies come in the order of the requests, and name none: they can only be counted.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::node::Node;

/// Requests that may wait. A client that sends more without reading gets no numbers for the replies.
const WAITING: usize = 10_000;

/// What both directions share.
#[derive(Default)]
pub struct Talk {
    /// Requests so far.
    requests: u64,
    waiting: VecDeque<Waiting>,
    /// More waited than can be kept: from then on it is unknown which request a reply answers.
    blind: bool,
    /// Messages come as arrays, because the client has subscribed in version 2.
    subscribed: bool,
    /// MONITOR was answered: lines come without a request.
    monitored: bool,
    /// `CLIENT REPLY OFF`: requests get no reply.
    silent: bool,
    /// `CLIENT REPLY SKIP`: the next one gets none.
    skip: bool,
}

struct Waiting {
    number: u64,
    name: Box<str>,
    since: Instant,
    /// Replies that it gets: one, or one for each channel; `None` until no channel is left.
    replies: Option<u64>,
}

/// Which request a value is, or answers.
#[derive(Debug, Default)]
pub struct Which {
    /// The number of the request in this connection, from 1. None: the value is no request, or
    /// answers none.
    pub number: Option<u64>,
    /// Of a reply: the name of the request, such as `GET`, and how long it took.
    pub answers: Option<(Box<str>, Duration)>,
    /// What else there is to say about it.
    pub note: Option<String>,
    /// It is a reply, and no request waits for one.
    pub stray: bool,
}

impl Which {
    /// It belongs to no request, and why.
    pub fn none(why: &str) -> Self {
        Which {
            note: Some(why.to_owned()),
            ..Which::default()
        }
    }

    fn unanswered(number: u64) -> Self {
        Which {
            number: Some(number),
            ..Which::none("it gets no reply")
        }
    }
}

impl Talk {
    /// A request goes to the server.
    pub fn request(&mut self, node: &Node) -> Which {
        let words = node.words();
        let Some(name) = words.first() else {
            return Which::none("nothing is asked, and nothing will be answered");
        };
        let name = upper(name);
        self.requests += 1;
        let number = self.requests;
        let word = |n: usize| words.get(n).map(|word| upper(word)).unwrap_or_default();
        if &*name == "CLIENT" && &*word(1) == "REPLY" {
            self.silent = &*word(2) == "OFF";
            self.skip = &*word(2) == "SKIP";
            if self.silent || self.skip {
                return Which::unanswered(number);
            }
        } else if self.silent || std::mem::take(&mut self.skip) {
            return Which::unanswered(number);
        }
        let arguments = match node {
            Node::Many { len, .. } => len.saturating_sub(1),
            _ => words.len() as u64 - 1,
        };
        let replies = match arguments {
            0 if name.contains("UNSUBSCRIBE") => None,
            _ if name.ends_with("SUBSCRIBE") => Some(arguments.max(1)),
            _ => Some(1),
        };
        self.wait(name, replies)
    }

    /// A request that breaks the protocol: it is answered with an error.
    pub fn broken_request(&mut self) -> Which {
        self.requests += 1;
        self.wait("?".into(), Some(1))
    }

    /// Requests that wait for a reply.
    #[cfg(test)]
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    fn wait(&mut self, name: Box<str>, replies: Option<u64>) -> Which {
        let (number, before) = (self.requests, self.waiting.len());
        if before == WAITING {
            self.blind = true;
            self.waiting = VecDeque::new();
        }
        if !self.blind {
            self.waiting.push_back(Waiting {
                number,
                name,
                since: Instant::now(),
                replies,
            });
        }
        Which {
            number: Some(number),
            note: (before > 0).then(|| format!("{before} before it not yet answered")),
            ..Which::default()
        }
    }

    /// A value comes from the server.
    pub fn reply(&mut self, node: &Node) -> Which {
        let kind = match node {
            Node::Many { kind, .. } => Some(*kind),
            _ => None,
        };
        if kind == Some(b'|') {
            return Which::none("about the reply that follows");
        }
        if let Some(which) = self.confirms(node, kind) {
            return which;
        }
        if kind == Some(b'>') {
            return Which::none("a push, not a reply to a request");
        }
        if self.subscribed && first(node).is_some_and(|word| word.ends_with("MESSAGE")) {
            return Which::none("a published message, not a reply to a request");
        }
        if self.blind {
            return Which::none("too many requests wait to tell which this answers");
        }
        match self.waiting.pop_front() {
            Some(waiting) => {
                self.monitored |= &*waiting.name == "MONITOR" && !node.is_error();
                waiting.answered()
            }
            None if self.monitored => Which::none("MONITOR"),
            None => Which {
                stray: true,
                ..Which::none("no request waits for a reply")
            },
        }
    }

    /// `subscribe`, the channel, and how many there are now: SUBSCRIBE gets one for each channel, in
    /// version 3 as a push.
    fn confirms(&mut self, node: &Node, kind: Option<u8>) -> Option<Which> {
        let waiting = self.waiting.front_mut()?;
        if !waiting.name.ends_with("SUBSCRIBE") || first(node)? != waiting.name {
            return None;
        }
        self.subscribed |= kind == Some(b'*');
        let Node::Many { items, .. } = node else {
            return None;
        };
        let none_left = items.last().is_some_and(|count| count.bytes() == b"0");
        let last = match &mut waiting.replies {
            None => none_left,
            Some(left) => {
                *left = left.saturating_sub(1);
                *left == 0
            }
        };
        let which = waiting.answered();
        if last {
            self.waiting.pop_front();
        }
        Some(which)
    }
}

impl Waiting {
    fn answered(&self) -> Which {
        Which {
            number: Some(self.number),
            answers: Some((self.name.clone(), self.since.elapsed())),
            ..Which::default()
        }
    }
}

/// The name of a command, or of a kind of message; names are short.
fn upper(word: &[u8]) -> Box<str> {
    let word = &word[..word.len().min(32)];
    String::from_utf8_lossy(word).to_ascii_uppercase().into()
}

/// The first of several values, as a name.
fn first(node: &Node) -> Option<Box<str>> {
    match node {
        Node::Many { items, .. } => items.first().map(|first| upper(first.bytes())),
        _ => None,
    }
}
