//! A value of the protocol, as far as it is kept.

use serde_json::{Value, json};

use crate::escape::{Kept, guard};

/// What stands behind the byte of a type.
#[derive(Clone, Copy)]
pub enum Shape {
    /// The value, up to the end of the line.
    Line,
    /// A length, then so many bytes.
    Text,
    /// A number, then so many values, or so many pairs of them.
    Many(u64),
}

/// The types of the protocol: the byte that begins each, its name in the specification, and its shape.
const TYPES: [(u8, &str, Shape); 15] = [
    (b'+', "simple string", Shape::Line),
    (b'-', "error", Shape::Line),
    (b':', "integer", Shape::Line),
    (b'_', "nil", Shape::Line),
    (b'#', "boolean", Shape::Line),
    (b',', "double", Shape::Line),
    (b'(', "big number", Shape::Line),
    (b'$', "bulk string", Shape::Text),
    (b'!', "bulk error", Shape::Text),
    (b'=', "verbatim string", Shape::Text),
    (b'*', "array", Shape::Many(1)),
    (b'~', "set", Shape::Many(1)),
    (b'%', "map", Shape::Many(2)),
    // Answers no request.
    (b'>', "push", Shape::Many(1)),
    // About the reply that follows.
    (b'|', "attribute", Shape::Many(2)),
];

/// The shape of the type that begins with this byte.
pub fn shape(byte: u8) -> Option<Shape> {
    let found = TYPES.iter().find(|(it, ..)| *it == byte);
    found.map(|(_, _, shape)| *shape)
}

/// A value. Its type is named by the byte with which it begins.
#[derive(Debug)]
pub enum Node {
    /// A request that was typed as a line.
    Inline(Kept),
    /// A text or a number: one value.
    Leaf(u8, Kept),
    /// There is no value: what it was written as.
    Nil(&'static str),
    /// Several values.
    Many {
        /// Of what type.
        kind: u8,
        /// How many, as announced; of a map, its pairs.
        len: u64,
        /// Those that are kept; of a map, key and value in turn.
        items: Vec<Node>,
    },
}

impl Node {
    /// Its type in the specification.
    pub fn type_name(&self) -> &'static str {
        let byte = match self {
            Node::Inline(_) => return "inline",
            Node::Nil(_) => b'_',
            Node::Leaf(kind, _) | Node::Many { kind, .. } => *kind,
        };
        let found = TYPES.iter().find(|(it, ..)| *it == byte);
        found.map_or("unknown", |(_, name, _)| name)
    }

    /// Whether it says that something went wrong.
    pub fn is_error(&self) -> bool {
        matches!(self, Node::Leaf(b'-' | b'!', _))
    }

    /// The words of a request; of a line the words between its spaces.
    pub fn words(&self) -> Vec<&[u8]> {
        match self {
            Node::Inline(line) => {
                let words = line.bytes().split(u8::is_ascii_whitespace);
                words.filter(|word| !word.is_empty()).collect()
            }
            Node::Many { items, .. } => items.iter().map(Node::bytes).collect(),
            _ => Vec::new(),
        }
    }

    /// What is kept of a text.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Node::Leaf(_, kept) | Node::Inline(kept) => kept.bytes(),
            _ => &[],
        }
    }

    /// About how many bytes of memory it holds.
    pub fn weight(&self) -> usize {
        match self {
            Node::Leaf(_, kept) | Node::Inline(kept) => 64 + kept.bytes().len(),
            Node::Nil(_) => 64,
            Node::Many { items, .. } => 64 + items.iter().map(Node::weight).sum::<usize>(),
        }
    }

    /// The value in words of about `most` characters, harmless for a terminal.
    pub fn text(&self, most: usize) -> String {
        let mut out = String::new();
        self.write(&mut out, most);
        out
    }

    fn write(&self, out: &mut String, most: usize) {
        match self {
            Node::Nil(_) => out.push_str("nil"),
            Node::Inline(line) => out.push_str(&guard(&String::from_utf8_lossy(line.bytes()))),
            Node::Leaf(b'$' | b'=', kept) => out.push_str(&kept.quoted()),
            Node::Leaf(b'#', kept) => out.push_str(match kept.bytes() {
                b"t" => "true",
                _ => "false",
            }),
            Node::Leaf(_, kept) => out.push_str(&bare(kept)),
            Node::Many { kind, len, items } => {
                let (open, close) = match kind {
                    b'*' | b'>' => ("[", "]"),
                    _ => ("{", "}"),
                };
                out.push_str(open);
                let mut said = 0;
                for group in groups(*kind, items) {
                    if out.len() >= most {
                        break;
                    }
                    if said > 0 {
                        out.push_str(", ");
                    }
                    for (n, item) in group.iter().enumerate() {
                        if n > 0 {
                            out.push_str(": ");
                        }
                        if item.is_error() {
                            out.push_str("error ");
                        }
                        item.write(out, most);
                    }
                    said += 1;
                }
                if said < *len {
                    let gap = if said > 0 { ", " } else { "" };
                    out.push_str(&format!("{gap}… and {} more", len - said));
                }
                out.push_str(close);
            }
        }
    }

    /// The value as JSON: a map is a list of pairs, because its keys can be anything; an error is an
    /// object.
    pub fn json(&self) -> Value {
        match self {
            Node::Nil(_) => Value::Null,
            Node::Inline(line) => json!(String::from_utf8_lossy(line.bytes())),
            Node::Leaf(kind, kept) => {
                let text = String::from_utf8_lossy(kept.bytes());
                match kind {
                    b'#' => json!(text == "t"),
                    b':' => text.parse::<i64>().map_or(json!(text), |n| json!(n)),
                    b'-' | b'!' => json!({ "error": text }),
                    _ => json!(text),
                }
            }
            Node::Many { kind, items, .. } => groups(*kind, items)
                .map(|group| match group {
                    [single] => single.json(),
                    pair => pair.iter().map(Node::json).collect(),
                })
                .collect(),
        }
    }
}

/// The values of this type one by one, or in pairs.
fn groups(kind: u8, items: &[Node]) -> std::slice::ChunksExact<'_, Node> {
    match shape(kind) {
        Some(Shape::Many(2)) => items.chunks_exact(2),
        _ => items.chunks_exact(1),
    }
}

/// A word of a request as a person would type it: quoted only where it must be.
pub fn typed(kept: &Kept) -> String {
    let plain = |text: &str| {
        let free = |c: char| !c.is_whitespace() && !matches!(c, '"' | '\'' | '\\');
        !text.is_empty() && text.chars().all(free) && guard(text) == text
    };
    match std::str::from_utf8(kept.bytes()) {
        Ok(text) if kept.left_out() == 0 && plain(text) => text.to_owned(),
        _ => kept.quoted(),
    }
}

/// A line without quotes, harmless for a terminal.
fn bare(kept: &Kept) -> String {
    // Only what cannot be seen is written out; quotes and backslashes may stand as they are.
    match std::str::from_utf8(kept.bytes()) {
        Ok(text) if kept.left_out() == 0 => guard(text).into_owned(),
        _ => kept.quoted(),
    }
}
