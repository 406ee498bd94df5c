//! Requests and replies in words.

use super::node::{Leaf, Node, typed};
use super::talk::Which;
use crate::escape::{Kept, guard, hex};
use crate::event::{Mark, Shown, Tone};
use crate::view::count;

/// What there is to know beside the value itself.
pub struct Facts {
    /// Its bytes.
    pub raw: Kept,
    /// In how many chunks they came.
    pub pieces: u64,
    /// It is not the first in its chunk.
    pub same_chunk: bool,
    /// How much of it is shown.
    pub show: usize,
}

/// A request: its words as a person would type them.
pub fn request(node: &Node, which: &Which, facts: &Facts) -> Shown {
    let (text, inline) = match node {
        Node::Inline(_) => (node.text(facts.show), true),
        Node::Many { items, len, .. } => (line(items, *len, facts.show), false),
        _ => (String::new(), false),
    };
    let mut notes = Vec::new();
    let words = match which {
        Which::Asked { number, before } => {
            if *before > 0 {
                notes.push(format!("{before} before it not yet answered"));
            }
            format!("request {number}  {text}")
        }
        Which::Unanswered(number) => {
            notes.push("it gets no reply".to_owned());
            format!("request {number}  {text}")
        }
        Which::Nobody(why) => {
            notes.push((*why).to_owned());
            "an empty request".to_owned()
        }
        Which::Answers { .. } | Which::Stray(_) => text,
    };
    if inline && !matches!(which, Which::Nobody(_)) {
        notes.push("inline".to_owned());
    }
    let tone = match which {
        Which::Nobody(_) => Tone::Quiet,
        _ => Tone::Good,
    };
    let list = node.words();
    let list = list.iter().map(|word| String::from_utf8_lossy(word));
    about("resp-request", tone, words, notes, facts)
        .field("number", number(which))
        .field("command", list.collect::<Vec<_>>())
        .field("inline", inline)
}

/// The words of a request, up to about `most` characters.
fn line(items: &[Node], len: u64, most: usize) -> String {
    let (mut text, mut said) = (String::new(), 0);
    for item in items {
        if text.len() >= most {
            break;
        }
        if said > 0 {
            text.push(' ');
        }
        match item {
            Node::Leaf(_, kept) => text.push_str(&typed(kept)),
            other => text.push_str(&other.text(most)),
        }
        said += 1;
    }
    if said < len {
        text.push_str(&format!(" … and {} more", count(len - said, "word")));
    }
    text
}

/// A reply, or what comes without a request.
pub fn reply(node: &Node, which: &Which, facts: &Facts) -> Shown {
    let text = node.text(facts.show);
    let is_error = node.is_error();
    let mut notes = vec![kind(node)];
    let head = match (is_error, node.type_name()) {
        (true, _) => "error",
        (_, kind @ ("push" | "attribute")) => kind,
        _ => "reply",
    };
    let (mut took, mut to) = (None, None);
    let words = match which {
        Which::Answers {
            number,
            name,
            took: time,
        } => {
            notes.push(format!("to {}", guard(name)));
            took = Some(u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
            to = Some(name.clone());
            format!("{head} {number}  {text}")
        }
        Which::Nobody(why) | Which::Stray(why) => {
            notes.push((*why).to_owned());
            format!("{head}  {text}")
        }
        Which::Asked { .. } | Which::Unanswered(_) => text,
    };
    let tone = match which {
        _ if is_error => Tone::Wrong,
        Which::Stray(_) => Tone::Wrong,
        _ => Tone::Good,
    };
    about("resp-reply", tone, words, notes, facts)
        .field("number", number(which))
        .field("to", to.map(String::from))
        .field("took_us", took)
        .field("type", node.type_name())
        .field("value", node.json())
}

/// The type, with what only some types have.
fn kind(node: &Node) -> String {
    match node {
        Node::Many { len, .. } => format!("{} of {len}", node.type_name()),
        Node::Nil("$-1") => "nil bulk string".to_owned(),
        Node::Nil("*-1") => "nil array".to_owned(),
        Node::Nil(_) => "null".to_owned(),
        Node::Leaf(Leaf::Bulk, kept) => format!("bulk string of {}", count(kept.len(), "byte")),
        _ => node.type_name().to_owned(),
    }
}

fn number(which: &Which) -> Option<u64> {
    match which {
        Which::Asked { number, .. } | Which::Unanswered(number) | Which::Answers { number, .. } => {
            Some(*number)
        }
        Which::Nobody(_) | Which::Stray(_) => None,
    }
}

/// A value is not yet whole.
pub fn part(facts: &Facts) -> Shown {
    let so_far = format!("{} so far", count(facts.raw.len(), "byte"));
    let words = format!("{} …", facts.raw.quoted());
    about("resp-part", Tone::Part, words, vec![so_far], facts)
}

/// The direction ended inside a value.
pub fn unfinished(facts: &Facts) -> Shown {
    let words = format!("the last value has no end: {}", facts.raw.quoted());
    about("resp-unfinished", Tone::Wrong, words, Vec::new(), facts)
}

/// What the protocol does not allow.
pub fn broken(why: &str, which: &Which, facts: &Facts) -> Shown {
    let head = number(which).map_or_else(String::new, |number| format!("request {number}  "));
    let words = format!("{head}this is not RESP: {}", guard(why));
    let notes = vec!["what follows cannot be understood".to_owned()];
    about("resp-broken", Tone::Wrong, words, notes, facts)
        .field("number", number(which))
        .field("problem", why)
}

/// What all of these have in common.
fn about(
    event: &'static str,
    tone: Tone,
    words: String,
    mut notes: Vec<String>,
    facts: &Facts,
) -> Shown {
    if facts.pieces > 1 && event != "resp-part" {
        notes.push(format!("in {} pieces", facts.pieces));
    }
    if facts.same_chunk {
        notes.push("in the same chunk".to_owned());
    }
    Shown::new(event, Mark::Bytes, tone, words)
        .note(notes.join("; "))
        .field("len", facts.raw.len())
        .field("pieces", facts.pieces)
        .field("hex", hex(facts.raw.bytes()))
        .field("text", String::from_utf8_lossy(facts.raw.bytes()))
        .field("left_out", facts.raw.left_out())
}
