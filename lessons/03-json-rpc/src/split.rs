//! Framing: where one message ends and the next begins. JSON-RPC does not define it, so each transport
//! must: 2.0 over TCP uses lines here, and in Go's dialect one object follows the other without a delimiter.
//!
//! Both take bytes as they come, in any pieces, hold at most `limit` of them, and look at each byte
//! once, however small the pieces are.

use std::fmt;

/// Why these bytes hold no message. The start of the next message is unknown as well, so the server
/// sends an error and closes the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// There is no end within the limit.
    TooLong,
    /// An object should begin here, and something else does.
    NoObject,
    /// The object is nested deeper than [`DEEPEST`].
    TooDeep,
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Lost::TooLong => "the message is too long",
            Lost::NoObject => "a message must be a JSON object",
            Lost::TooDeep => "the message is nested too deep",
        })
    }
}

impl std::error::Error for Lost {}

/// The framing of a connection.
#[derive(Debug)]
pub enum Split {
    /// Each is a line.
    Lines(Buffer),
    /// Each is an object, from its first brace to the one that closes it.
    Objects(Buffer, Scan),
}

/// Bytes that are not a whole message yet.
#[derive(Debug)]
pub struct Buffer {
    bytes: Vec<u8>,
    /// The number of bytes that the scan has passed.
    seen: usize,
    limit: usize,
}

/// The state of the scan inside an object.
#[derive(Debug, Default)]
pub struct Scan {
    depth: usize,
    in_string: bool,
    after_backslash: bool,
}

/// The deepest nesting. `serde_json` refuses deeper objects as well, but only when they are complete.
pub const DEEPEST: usize = 120;

impl Split {
    /// Lines of at most `limit` bytes.
    pub fn lines(limit: usize) -> Self {
        Split::Lines(Buffer::new(limit))
    }

    /// Objects of at most `limit` bytes.
    pub fn objects(limit: usize) -> Self {
        Split::Objects(Buffer::new(limit), Scan::default())
    }

    /// Adds what one read gave.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer().bytes.extend_from_slice(bytes);
    }

    /// The next whole message; `None` if more bytes are needed.
    ///
    /// # Errors
    /// See [`Lost`].
    pub fn next_message(&mut self) -> Result<Option<Vec<u8>>, Lost> {
        match self {
            Split::Lines(buffer) => buffer.next_line(),
            Split::Objects(buffer, scan) => scan.next_object(buffer),
        }
    }

    /// Returns whether no message has begun: the client may finish only then.
    pub fn is_empty(&mut self) -> bool {
        self.buffer().bytes.is_empty()
    }

    fn buffer(&mut self) -> &mut Buffer {
        match self {
            Split::Lines(buffer) | Split::Objects(buffer, _) => buffer,
        }
    }
}

impl Buffer {
    fn new(limit: usize) -> Self {
        Buffer {
            bytes: Vec::new(),
            seen: 0,
            limit,
        }
    }

    /// Removes the first `end` bytes, which are a message. The rest gets a new buffer, so a large message
    /// does not keep its memory.
    fn take(&mut self, end: usize) -> Vec<u8> {
        let rest = self.bytes.split_off(end);
        self.seen = 0;
        std::mem::replace(&mut self.bytes, rest)
    }

    fn next_line(&mut self) -> Result<Option<Vec<u8>>, Lost> {
        let fresh = &self.bytes[self.seen..];
        let end = fresh.iter().position(|byte| *byte == b'\n');
        let length = self.seen + end.unwrap_or(fresh.len());
        if length > self.limit {
            return Err(Lost::TooLong);
        }
        if end.is_none() {
            self.seen = length;
            return Ok(None);
        }
        let mut line = self.take(length + 1);
        line.pop();
        Ok(Some(line))
    }
}

// ANCHOR: object
impl Scan {
    /// Counts braces and brackets outside of strings. Whether each matches its partner is left to
    /// `serde_json`.
    fn next_object(&mut self, buffer: &mut Buffer) -> Result<Option<Vec<u8>>, Lost> {
        if self.depth == 0 {
            let space = buffer.bytes.iter().take_while(|b| b.is_ascii_whitespace());
            buffer.take(space.count());
        }
        while let Some(&byte) = buffer.bytes.get(buffer.seen) {
            if self.depth == 0 && byte != b'{' {
                return Err(Lost::NoObject);
            }
            if buffer.seen >= buffer.limit {
                return Err(Lost::TooLong);
            }
            buffer.seen += 1;
            match byte {
                _ if self.after_backslash => self.after_backslash = false,
                b'\\' if self.in_string => self.after_backslash = true,
                b'"' => self.in_string = !self.in_string,
                _ if self.in_string => {}
                b'{' | b'[' if self.depth == DEEPEST => return Err(Lost::TooDeep),
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => self.depth -= 1,
                _ => {}
            }
            if self.depth == 0 {
                return Ok(Some(buffer.take(buffer.seen)));
            }
        }
        Ok(None)
    }
}
// ANCHOR_END: object

#[cfg(test)]
mod tests {
    use super::*;

    fn all(mut split: Split, pieces: &[&[u8]]) -> Result<Vec<String>, Lost> {
        let mut found = Vec::new();
        for piece in pieces {
            split.push(piece);
            while let Some(message) = split.next_message()? {
                found.push(String::from_utf8(message).unwrap());
            }
        }
        Ok(found)
    }

    #[test]
    fn lines_in_pieces_and_several_in_one() {
        let found = all(Split::lines(9), &[b"{}\n[", b"]", b"\n\nrest"]);
        assert_eq!(found.unwrap(), ["{}", "[]", ""]);
        assert_eq!(all(Split::lines(3), &[b"four"]), Err(Lost::TooLong));
        assert_eq!(all(Split::lines(4), &[b"four\n"]).unwrap(), ["four"]);
    }

    #[test]
    fn objects_need_nothing_between_them() {
        let stream = br#"{"a":"}\"{"} {"b":[{}]}{}"#;
        let expected = [r#"{"a":"}\"{"}"#, r#"{"b":[{}]}"#, "{}"];
        assert_eq!(all(Split::objects(64), &[stream]).unwrap(), expected);
        for cut in 0..stream.len() {
            let (one, two) = stream.split_at(cut);
            assert_eq!(all(Split::objects(64), &[one, two]).unwrap(), expected);
        }
        let bytes: Vec<&[u8]> = stream.chunks(1).collect();
        assert_eq!(all(Split::objects(64), &bytes).unwrap(), expected);
    }

    #[test]
    fn a_wrong_byte_is_refused_at_once() {
        for (text, lost) in [
            ("[1]".to_string(), Lost::NoObject),
            ("  x".to_string(), Lost::NoObject),
            ("{}}".to_string(), Lost::NoObject),
            (r#"{"a":"#.to_string() + &"[".repeat(200), Lost::TooDeep),
            (r#"{"a":""#.to_string() + &"x".repeat(100), Lost::TooLong),
        ] {
            let limit = if lost == Lost::TooLong { 64 } else { 512 };
            let found = all(Split::objects(limit), &[text.as_bytes()]);
            assert_eq!(found, Err(lost), "{text:.20}");
        }
    }

    #[test]
    fn the_limit_is_met_exactly() {
        assert_eq!(
            all(Split::objects(7), &[br#"{"a":1}{"a":2}"#])
                .unwrap()
                .len(),
            2
        );
        assert_eq!(all(Split::objects(6), &[br#"{"a":1}"#]), Err(Lost::TooLong));
    }
}
