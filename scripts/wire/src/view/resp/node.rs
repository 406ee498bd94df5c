//! A value of the protocol, as far as it is kept.

use serde_json::{Value, json};

use crate::escape::{Kept, guard, quoted};

/// A value.
#[derive(Debug)]
pub enum Node {
    /// A request that was typed as a line.
    Inline(Kept),
    /// A text or a number: one value.
    Leaf(Leaf, Kept),
    /// There is no value: what it was written as.
    Nil(&'static str),
    /// Several values.
    Many {
        /// Of what kind.
        kind: Many,
        /// How many, as announced; of a map, its pairs.
        len: u64,
        /// Those that are kept; of a map, key and value in turn.
        items: Vec<Node>,
    },
}

/// The kinds of a single value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaf {
    /// `+OK`
    Simple,
    /// `-ERR ...`
    Error,
    /// `:1`
    Integer,
    /// `$2`, then two bytes.
    Bulk,
    /// `#t`
    Boolean,
    /// `,1.5`
    Double,
    /// `(123`
    BigNumber,
    /// `!5`, then five bytes.
    BulkError,
    /// `=7`, then a format of three letters, a colon, and the text.
    Verbatim,
}

/// The kinds of several values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Many {
    /// `*`
    Array,
    /// `~`
    Set,
    /// `%`
    Map,
    /// `>`: a push, which answers no request.
    Push,
    /// `|`: about the reply that follows.
    Attribute,
}

impl Many {
    /// Its name in the specification.
    pub fn name(self) -> &'static str {
        match self {
            Many::Array => "array",
            Many::Set => "set",
            Many::Map => "map",
            Many::Push => "push",
            Many::Attribute => "attribute",
        }
    }
}

impl Node {
    /// Its type in the specification.
    pub fn type_name(&self) -> &'static str {
        match self {
            Node::Inline(_) => "inline",
            Node::Nil(_) => "nil",
            Node::Many { kind, .. } => kind.name(),
            Node::Leaf(kind, _) => match kind {
                Leaf::Simple => "simple string",
                Leaf::Error => "error",
                Leaf::Integer => "integer",
                Leaf::Bulk => "bulk string",
                Leaf::Boolean => "boolean",
                Leaf::Double => "double",
                Leaf::BigNumber => "big number",
                Leaf::BulkError => "bulk error",
                Leaf::Verbatim => "verbatim string",
            },
        }
    }

    /// Whether it says that something went wrong.
    pub fn is_error(&self) -> bool {
        matches!(self, Node::Leaf(Leaf::Error | Leaf::BulkError, _))
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
            Node::Leaf(kind, kept) => match kind {
                Leaf::Bulk => out.push_str(&kept.quoted()),
                Leaf::Verbatim => out.push_str(&kept.quoted()),
                Leaf::Boolean => out.push_str(match kept.bytes() {
                    b"t" => "true",
                    _ => "false",
                }),
                _ => out.push_str(&bare(kept)),
            },
            Node::Many { kind, len, items } => {
                let (open, close) = match kind {
                    Many::Array | Many::Push => ("[", "]"),
                    Many::Set | Many::Map | Many::Attribute => ("{", "}"),
                };
                let pairs = matches!(kind, Many::Map | Many::Attribute);
                let of = if pairs { 2 } else { 1 };
                out.push_str(open);
                let mut said = 0;
                for group in items.chunks_exact(of) {
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
                    Leaf::Boolean => json!(text == "t"),
                    Leaf::Integer => text.parse::<i64>().map_or(json!(text), |n| json!(n)),
                    Leaf::Error | Leaf::BulkError => json!({ "error": text }),
                    _ => json!(text),
                }
            }
            Node::Many { kind, items, .. } => match kind {
                Many::Map | Many::Attribute => {
                    let pairs = items.chunks_exact(2);
                    pairs
                        .map(|pair| pair.iter().map(Node::json).collect::<Value>())
                        .collect()
                }
                _ => items.iter().map(Node::json).collect(),
            },
        }
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
    let quoted = match kept.left_out() {
        0 => quoted(kept.bytes()),
        _ => return kept.quoted(),
    };
    // Only what cannot be seen is written out; quotes and backslashes may stand as they are.
    match std::str::from_utf8(kept.bytes()) {
        Ok(text) => guard(text).into_owned(),
        Err(_) => quoted,
    }
}
