//! Reads values from pieces of any size and keeps only their beginnings.
//! The protocol: <https://redis.io/docs/latest/develop/reference/protocol-spec/>.

use super::node::{Node, Shape, shape};
use crate::escape::{Kept, quoted};

/// Values inside values inside values: Redis itself stays far below.
const DEEPEST: usize = 64;
/// Values that are kept of one reply or request; the rest is counted.
const NODES: usize = 1000;
/// Bytes of text that are kept of all of these together.
const TEXT: usize = 64 * 1024;

/// Reads one direction.
pub struct Reader {
    /// A server reads nothing but arrays of bulk strings, and lines that were typed.
    requests: bool,
    /// Bytes of one text that are kept.
    show: usize,
    /// The line that is under way.
    pub(super) line: Kept,
    /// The text that is under way.
    pub(super) bulk: Option<Bulk>,
    /// What is open around it, the outermost first.
    open: Vec<Open>,
    /// Values that may still be kept, and bytes.
    nodes: usize,
    text: usize,
}

/// A text whose length was announced.
pub(super) struct Bulk {
    kind: u8,
    len: u64,
    pub(super) kept: Kept,
    /// What has come of the line end behind it.
    end: Vec<u8>,
}

/// Several values of which not all have come.
struct Open {
    kind: u8,
    len: u64,
    /// Values that are still to come.
    left: u64,
    items: Vec<Node>,
    /// Whether there was room to keep it.
    keep: bool,
}

impl Reader {
    /// A reader at the start of a direction; `show` bytes are kept of each text.
    pub fn new(requests: bool, show: usize) -> Self {
        Reader {
            requests,
            show,
            line: Kept::new(TEXT),
            bulk: None,
            open: Vec::new(),
            nodes: NODES,
            text: TEXT,
        }
    }

    /// Reads from the start of `rest` up to the end of a value at most; `None` if the value goes on.
    ///
    /// # Errors
    /// What the protocol does not allow.
    pub fn next(&mut self, rest: &mut &[u8]) -> Result<Option<Node>, String> {
        while !rest.is_empty() {
            let done = match self.bulk.take() {
                Some(bulk) => self.in_a_text(bulk, rest)?,
                None => self.in_a_line(rest)?,
            };
            if let Some(node) = done.and_then(|node| self.close(node)) {
                (self.nodes, self.text) = (NODES, TEXT);
                return Ok(Some(node));
            }
        }
        Ok(None)
    }

    /// A value has come: it ends those around it that wait for no other.
    fn close(&mut self, mut node: Node) -> Option<Node> {
        let mut keep = self.nodes > 0;
        self.nodes = self.nodes.saturating_sub(1);
        while let Some(around) = self.open.last_mut() {
            around.left = around.left.saturating_sub(1);
            if keep && around.keep {
                around.items.push(node);
            }
            if around.left > 0 {
                return None;
            }
            let Open {
                kind,
                len,
                items,
                keep: kept,
                ..
            } = self.open.pop()?;
            (node, keep) = (Node::Many { kind, len, items }, kept);
        }
        Some(node)
    }

    fn in_a_line(&mut self, rest: &mut &[u8]) -> Result<Option<Node>, String> {
        let end = rest.iter().position(|byte| *byte == b'\n');
        // No type byte, no line: whatever follows, it is not this protocol.
        if self.line.is_empty()
            && let Err(why) = self.may_begin(rest[0])
        {
            *rest = &rest[1..];
            return Err(why);
        }
        let (now, after) = rest.split_at(end.map_or(rest.len(), |at| at + 1));
        *rest = after;
        self.line.push(now);
        if end.is_none() {
            return Ok(None);
        }
        let line = std::mem::replace(&mut self.line, Kept::new(TEXT));
        self.line(&line)
    }

    fn may_begin(&self, byte: u8) -> Result<(), String> {
        match byte {
            _ if !self.requests && shape(byte).is_none() => {
                Err(format!("no type begins with {}", quoted(&[byte])))
            }
            // In a request an array, or a line that was typed.
            _ if !self.requests || self.open.is_empty() || byte == b'$' => Ok(()),
            _ => Err(format!(
                "in a request only bulk strings may stand: $, and not {}",
                quoted(&[byte])
            )),
        }
    }

    /// A whole line: a value, or the beginning of one.
    fn line(&mut self, line: &Kept) -> Result<Option<Node>, String> {
        let bytes = line.bytes();
        if self.requests && self.open.is_empty() && bytes.first() != Some(&b'*') {
            let text = bytes.strip_suffix(b"\n").unwrap_or(bytes);
            let text = text.strip_suffix(b"\r").unwrap_or(text);
            return Ok(Some(Node::Inline(self.keep(text, line.left_out()))));
        }
        if line.left_out() == 0 && !bytes.ends_with(b"\r\n") {
            return Err("a line ends with \\n alone and not with \\r\\n".to_owned());
        }
        let (kind, text) = (bytes[0], &bytes[1..]);
        let text = text.strip_suffix(b"\r\n").unwrap_or(text);
        let shape = shape(kind).unwrap_or(Shape::Line);
        if let Shape::Line = shape {
            match (kind, text) {
                (b'_', []) => return Ok(Some(Node::Nil("_"))),
                (b'_', _) => return Err(format!("nil has no text, and here is {}", quoted(text))),
                (b'#', b"t" | b"f") => {}
                (b'#', _) => return Err(format!("a boolean is t or f, and not {}", quoted(text))),
                (b':', _) => drop(number(text, "number")?),
                _ => {}
            }
            return Ok(Some(Node::Leaf(kind, self.keep(text, line.left_out()))));
        }
        let len = number(text, "length")?;
        let Ok(len) = u64::try_from(len) else {
            return match (kind, len) {
                (b'$', -1) if !self.requests => Ok(Some(Node::Nil("$-1"))),
                (b'*', -1) => Ok(Some(Node::Nil("*-1"))),
                _ => Err(format!("a length of {len}")),
            };
        };
        if let Shape::Many(each) = shape {
            return self.begin(kind, len, each);
        }
        self.bulk = Some(Bulk {
            kind,
            len,
            kept: Kept::new(self.room()),
            end: Vec::with_capacity(2),
        });
        Ok(None)
    }

    fn begin(&mut self, kind: u8, len: u64, each: u64) -> Result<Option<Node>, String> {
        let left = len.checked_mul(each);
        let left = left.ok_or_else(|| format!("a length of {len}"))?;
        let items = Vec::new();
        if left == 0 {
            return Ok(Some(Node::Many { kind, len, items }));
        }
        if self.open.len() == DEEPEST {
            return Err(format!("values in values, deeper than {DEEPEST}"));
        }
        let keep = self.nodes > 0;
        self.nodes = self.nodes.saturating_sub(1);
        self.open.push(Open {
            kind,
            len,
            left,
            items,
            keep,
        });
        Ok(None)
    }

    fn in_a_text(&mut self, mut bulk: Bulk, rest: &mut &[u8]) -> Result<Option<Node>, String> {
        let left = usize::try_from(bulk.len - bulk.kept.len()).unwrap_or(usize::MAX);
        let (now, after) = rest.split_at(rest.len().min(left));
        bulk.kept.push(now);
        let (end, after) = after.split_at(after.len().min(2 - bulk.end.len()));
        bulk.end.extend_from_slice(end);
        *rest = after;
        if !b"\r\n".starts_with(&bulk.end) {
            return Err(format!(
                "after the {} bytes that were announced \\r\\n must stand, and not {}",
                bulk.len,
                quoted(&bulk.end)
            ));
        }
        if bulk.end.len() < 2 {
            self.bulk = Some(bulk);
            return Ok(None);
        }
        self.text = self.text.saturating_sub(bulk.kept.bytes().len());
        let kept = match bulk.kind {
            b'=' => without_format(&bulk.kept),
            _ => bulk.kept,
        };
        Ok(Some(Node::Leaf(bulk.kind, kept)))
    }

    /// How many bytes of a text may be kept now.
    fn room(&self) -> usize {
        if self.nodes == 0 {
            return 0;
        }
        self.show.min(self.text)
    }

    /// Keeps what there is room for of a text that was a line, of which `left_out` bytes are gone.
    fn keep(&mut self, text: &[u8], left_out: u64) -> Kept {
        let mut kept = Kept::of(text, self.room());
        kept.count(left_out);
        self.text = self.text.saturating_sub(kept.bytes().len());
        kept
    }
}

/// `txt:Some text` without its format.
fn without_format(kept: &Kept) -> Kept {
    let text = kept.bytes().get(4..).unwrap_or_default();
    let mut without = Kept::of(text, text.len());
    without.count(kept.left_out());
    without
}

fn number(text: &[u8], what: &str) -> Result<i64, String> {
    let number = std::str::from_utf8(text)
        .ok()
        .and_then(|text| text.parse().ok());
    number.ok_or_else(|| format!("this is no {what}: {}", Kept::of(text, 32).quoted()))
}
