//! Makes what a peer sent harmless for a terminal.
//!
//! A peer may send the bytes that clear a screen, set a window title or turn text around. So
//! nothing a peer sent is printed raw: it is quoted as Rust would write it in source code, and
//! every line is checked once more just before it is written.

use std::borrow::Cow;
use std::fmt::Write as _;

/// `bytes` as a quoted string, as Rust source would have it: `"hi\n"`. What is no UTF-8 becomes
/// `\xff`, what cannot be seen (controls, marks of text direction) becomes `\u{1b}`.
pub fn quoted(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() + 2);
    out.push('"');
    for chunk in bytes.utf8_chunks() {
        // `{:?}` and not `escape_debug()`: the latter also writes ' as \', which only distracts.
        let debug = format!("{:?}", chunk.valid());
        out.push_str(&debug[1..debug.len() - 1]);
        for byte in chunk.invalid() {
            // Writing to a String cannot fail.
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out.push('"');
    out
}

/// As [`quoted`], without the quotes around it.
pub fn plain(bytes: &[u8]) -> String {
    let quoted = quoted(bytes);
    quoted[1..quoted.len() - 1].to_string()
}

/// `bytes` as pairs of hex digits with a space between: `68 65 6c`.
pub fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 3);
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(out, "{byte:02x} ");
    }
    out.pop();
    out
}

/// True if `bytes` stop in the middle of a UTF-8 character: more bytes could make them right.
pub fn ends_inside_a_character(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}

/// The beginning of `text`, of at most `most` bytes and without half a character.
pub fn beginning(text: &str, most: usize) -> &str {
    let mut cuts = (0..=most.min(text.len())).rev();
    let end = cuts.find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    &text[..end]
}

/// The last line of defence: a finished line with no character left that drives a terminal.
/// A line from a careful view comes back unchanged.
pub fn guard(line: &str) -> Cow<'_, str> {
    escaped(line, |c, out| out.extend(c.escape_unicode()))
}

/// JSON text with every dangerous character written as `\uXXXX`. JSON escapes only the
/// characters below U+0020 by itself, yet U+009B drives a terminal as well as ESC does. Such
/// characters can only stand inside strings, so the meaning stays the same.
pub fn guard_json(json: &str) -> Cow<'_, str> {
    escaped(json, |c, out| {
        for unit in c.encode_utf16(&mut [0; 2]) {
            // Writing to a String cannot fail.
            let _ = write!(out, "\\u{unit:04x}");
        }
    })
}

/// `text` with every dangerous character replaced by what `escape` writes for it.
fn escaped(text: &str, escape: impl Fn(char, &mut String)) -> Cow<'_, str> {
    if !text.chars().any(is_dangerous) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if is_dangerous(c) {
            escape(c, &mut out);
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// Controls (C0, DEL, C1), line and paragraph separators, and the marks that turn or hide text.
fn is_dangerous(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

/// The first bytes of something that may be long: what a view keeps while more arrives.
/// It never holds more than the limit given to [`Kept::new`], however much goes in.
#[derive(Clone, Debug)]
pub struct Kept {
    bytes: Vec<u8>,
    limit: usize,
    len: u64,
}

impl Kept {
    /// Nothing yet; at most `limit` bytes will be kept.
    pub fn new(limit: usize) -> Self {
        Kept {
            bytes: Vec::new(),
            limit,
            len: 0,
        }
    }

    /// Exactly `bytes`, of which at most `limit` are kept.
    pub fn of(bytes: &[u8], limit: usize) -> Self {
        let mut kept = Kept::new(limit);
        kept.push(bytes);
        kept
    }

    /// Counts all of `bytes` and keeps what there is room for.
    pub fn push(&mut self, bytes: &[u8]) {
        // What is kept are the first bytes, without a hole.
        let room = match self.left_out() {
            0 => self.limit.saturating_sub(self.bytes.len()),
            _ => 0,
        };
        self.bytes
            .extend_from_slice(&bytes[..room.min(bytes.len())]);
        self.len += bytes.len() as u64;
    }

    /// Counts `len` bytes that are not kept.
    pub fn count(&mut self, len: u64) {
        self.len += len;
    }

    /// Starts again with nothing.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.len = 0;
    }

    /// The bytes that were kept.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// How many bytes went in.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// True if nothing went in.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many bytes went in and were not kept.
    pub fn left_out(&self) -> u64 {
        self.len - self.bytes.len() as u64
    }

    /// What was kept as a quoted string, with a word on what was left out.
    pub fn quoted(&self) -> String {
        let left_out = self.left_out();
        if left_out == 0 {
            return quoted(&self.bytes);
        }
        // The cut is ours, so half a character at the end is no fault of the sender.
        let mut shown = self.bytes.as_slice();
        if let Err(error) = std::str::from_utf8(shown)
            && error.error_len().is_none()
        {
            shown = &shown[..error.valid_up_to()];
        }
        let more = self.len - shown.len() as u64;
        format!("{}… and {more} more bytes", quoted(shown))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_quoted_as_in_source_code() {
        assert_eq!(quoted(b"hi \"you\"\r\n"), r#""hi \"you\"\r\n""#);
        assert_eq!(quoted("你好, it's".as_bytes()), "\"你好, it's\"");
        assert_eq!(quoted(b"a\xffb\xe5\xb0"), r#""a\xffb\xe5\xb0""#);
    }

    #[test]
    fn nothing_that_drives_a_terminal_survives_quoting() {
        let evil = "\x1b[2J\u{9b}31m\x07\x7f\u{202e}\u{200b}\u{2028}\u{feff}\u{e0041}\0\x08";
        let shown = quoted(evil.as_bytes());
        assert!(shown.chars().all(|c| !is_dangerous(c)), "{shown}");
        assert!(shown.contains(r"\u{1b}[2J"), "{shown}");
    }

    #[test]
    fn the_guard_mends_what_a_view_forgot_and_leaves_the_rest() {
        assert_eq!(guard("\"你好\" …"), "\"你好\" …");
        assert_eq!(guard("a\x1b[2Jb\u{9b}"), r"a\u{1b}[2Jb\u{9b}");
    }

    #[test]
    fn guarded_json_means_the_same() {
        let text = "a\u{9b}\u{202e}\u{e0041}\u{7f}\x1b你";
        let json = serde_json::to_string(text).unwrap();
        let safe = guard_json(&json);
        assert!(safe.chars().all(|c| !is_dangerous(c)), "{safe}");
        assert_eq!(serde_json::from_str::<String>(&safe).unwrap(), text);
    }

    #[test]
    fn kept_never_holds_more_than_its_limit() {
        let mut kept = Kept::new(4);
        kept.push(b"abc");
        kept.push(b"def");
        assert_eq!(
            (kept.bytes(), kept.len(), kept.left_out()),
            (&b"abcd"[..], 6, 2)
        );
        assert_eq!(kept.quoted(), "\"abcd\"… and 2 more bytes");
    }

    #[test]
    fn our_own_cut_inside_a_character_is_not_blamed_on_the_sender() {
        let kept = Kept::of("你好".as_bytes(), 4);
        assert_eq!(kept.quoted(), "\"你\"… and 3 more bytes");
    }
}
