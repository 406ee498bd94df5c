//! Requests and replies in words.

use super::node::{Node, typed};
use super::talk::Which;
use crate::escape::{Kept, guard};
use crate::event::{Mark, Shown, Tone};
use crate::view::{count, in_pieces, in_same_chunk};

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
    let (words, tone) = match which.number {
        Some(number) => (format!("request {number}  {text}"), Tone::Good),
        None => ("an empty request".to_owned(), Tone::Quiet),
    };
    let typed = (inline && which.number.is_some()).then(|| "inline".to_owned());
    let list = node.words();
    let list = list.iter().map(|word| String::from_utf8_lossy(word));
    about(
        "resp-request",
        tone,
        words,
        [which.note.clone(), typed],
        facts,
    )
    .field("number", which.number)
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
    let head = match (is_error, node.type_name()) {
        (true, _) => "error",
        (_, kind @ ("push" | "attribute")) => kind,
        _ => "reply",
    };
    let words = match which.number {
        Some(number) => format!("{head} {number}  {text}"),
        None => format!("{head}  {text}"),
    };
    let (to, took) = which.answers.clone().unzip();
    let note = to.as_ref().map(|name| format!("to {}", guard(name)));
    let took = took.map(|took| u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    let tone = match is_error || which.stray {
        true => Tone::Wrong,
        false => Tone::Good,
    };
    let notes = [Some(kind(node)), note.or_else(|| which.note.clone())];
    about("resp-reply", tone, words, notes, facts)
        .field("number", which.number)
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
        Node::Leaf(b'$', kept) => format!("bulk string of {}", count(kept.len(), "byte")),
        _ => node.type_name().to_owned(),
    }
}

/// A value is not yet whole.
pub fn part(facts: &Facts) -> Shown {
    let so_far = format!("{} so far", count(facts.raw.len(), "byte"));
    let words = format!("{} …", facts.raw.quoted());
    about("resp-part", Tone::Part, words, [Some(so_far)], facts)
}

/// The direction ended inside a value.
pub fn unfinished(facts: &Facts) -> Shown {
    let words = format!("the last value has no end: {}", facts.raw.quoted());
    about("resp-unfinished", Tone::Wrong, words, [], facts)
}

/// What the protocol does not allow.
pub fn broken(why: &str, number: Option<u64>, facts: &Facts) -> Shown {
    let head = number.map_or_else(String::new, |number| format!("request {number}  "));
    let words = format!("{head}this is not RESP: {}", guard(why));
    let note = "what follows cannot be understood".to_owned();
    about("resp-broken", Tone::Wrong, words, [Some(note)], facts)
        .field("number", number)
        .field("problem", why)
}

/// What all of these have in common.
fn about<const N: usize>(
    event: &'static str,
    tone: Tone,
    words: String,
    notes: [Option<String>; N],
    facts: &Facts,
) -> Shown {
    let so_far = event == "resp-part";
    let pieces = in_pieces(facts.pieces).filter(|_| !so_far);
    let notes = notes
        .into_iter()
        .chain([pieces, in_same_chunk(facts.same_chunk)]);
    Shown::new(event, Mark::Bytes, tone, words)
        .notes(notes)
        .field("pieces", facts.pieces)
        .bytes(&facts.raw)
}
