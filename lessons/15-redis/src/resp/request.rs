//! What a server reads: requests, in Redis' own way and with Redis' own complaints.
//!
//! A request is an array of bulk strings, or one line that a person typed. It is not read with
//! [`Decoder`](super::Decoder): a server that takes only this needs no depth and no other type, and
//! its refusals are part of what Redis is known by.

use super::integer;

/// The largest line, typed or a length: 64 KiB.
const LINE: usize = 64 * 1024;

/// What a word costs besides its bytes.
const WORD: usize = 32;

/// What a request may cost.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Bytes of one word (`proto-max-bulk-len`).
    pub bulk: usize,
}

impl Default for Size {
    /// 512 MiB, as in Redis.
    fn default() -> Self {
        Size {
            bulk: 512 * 1024 * 1024,
        }
    }
}

/// Reads requests from pieces of any size.
#[derive(Debug, Default)]
pub struct Requests {
    size: Size,
    buffer: Vec<u8>,
    /// Bytes of the buffer that have been read.
    at: usize,
    /// Beyond `at`, no line end was found in these.
    searched: usize,
    /// Words of the request that is being read, and how many are missing.
    words: Vec<Vec<u8>>,
    missing: usize,
    /// The length of the next word, once it is known.
    length: Option<usize>,
    /// What `words` cost.
    held: usize,
}

impl Requests {
    /// A reader with a limit of its own.
    #[must_use]
    pub fn new(size: Size) -> Self {
        Requests {
            size,
            ..Requests::default()
        }
    }

    /// Where the next piece goes: append to it.
    pub fn space(&mut self) -> &mut Vec<u8> {
        self.buffer.drain(..self.at);
        self.at = 0;
        &mut self.buffer
    }

    /// Gives the memory back, if everything has been read: a client may stay silent for a long time.
    pub fn tidy(&mut self) {
        if self.rest().is_empty() {
            (self.buffer, self.at) = (Vec::new(), 0);
        }
    }

    /// The bytes that have come and are not read yet.
    #[must_use]
    pub fn rest(&self) -> &[u8] {
        self.buffer.get(self.at..).unwrap_or_default()
    }

    /// Counts so many of them as read: for a reader that is not ours.
    pub fn skip(&mut self, bytes: usize) {
        self.at = self.buffer.len().min(self.at.saturating_add(bytes));
    }

    /// Bytes that are held for a request that is not whole.
    #[must_use]
    pub fn held(&self) -> usize {
        self.rest().len() + self.held
    }

    /// Whether a request has begun and is not whole.
    #[must_use]
    pub fn is_half(&self) -> bool {
        self.missing > 0 || !self.rest().is_empty()
    }

    /// The next request, its words; `None` while it is not whole. A request is never empty.
    ///
    /// # Errors
    /// In Redis' words, without `ERR Protocol error: ` before them. There is no way to go on after it.
    pub fn next_request(&mut self) -> Result<Option<Vec<Vec<u8>>>, String> {
        loop {
            if self.missing == 0 {
                let Some(first) = self.rest().first() else {
                    return Ok(None);
                };
                if *first != b'*' {
                    match self.typed()? {
                        Some(words) if words.is_empty() => continue,
                        other => return Ok(other),
                    }
                }
                let Some(line) = self.line("too big mbulk count string")? else {
                    return Ok(None);
                };
                let count = integer(line.get(1..).unwrap_or_default());
                match count {
                    Some(..=0) => continue,
                    Some(count @ 1..=0x7fff_ffff) => {
                        self.missing = usize::try_from(count).unwrap_or(0);
                    }
                    _ => return Err("invalid multibulk length".into()),
                }
            }
            while self.missing > 0 {
                if !self.word()? {
                    return Ok(None);
                }
            }
            self.held = 0;
            return Ok(Some(std::mem::take(&mut self.words)));
        }
    }

    /// Reads one word of an array. Whether it was there.
    fn word(&mut self) -> Result<bool, String> {
        let length = match self.length {
            Some(length) => length,
            None => {
                let most = self.size.bulk;
                let Some(line) = self.line("too big bulk count string")? else {
                    return Ok(false);
                };
                let first = line.first().copied().unwrap_or(b'\r');
                if first != b'$' {
                    return Err(format!("expected '$', got '{}'", char::from(first)));
                }
                let length = integer(line.get(1..).unwrap_or_default());
                let length = length.and_then(|length| usize::try_from(length).ok());
                let length = length.filter(|length| *length <= most);
                *self.length.insert(length.ok_or("invalid bulk length")?)
            }
        };
        // The two bytes behind the word are not looked at, as in Redis.
        let Some(word) = self.rest().get(..length + 2) else {
            return Ok(false);
        };
        let word = word.get(..length).unwrap_or_default().to_vec();
        self.held += length + WORD;
        self.words.push(word);
        self.at += length + 2;
        self.length = None;
        self.missing -= 1;
        Ok(true)
    }

    /// A line up to `\r` and the byte after it, as Redis takes the heads of arrays and words.
    fn line(&mut self, too_long: &str) -> Result<Option<&[u8]>, String> {
        let rest = self.buffer.get(self.at..).unwrap_or_default();
        let unseen = rest.get(self.searched..).unwrap_or_default();
        let Some(found) = unseen.iter().position(|byte| *byte == b'\r') else {
            if rest.len() > LINE {
                return Err(too_long.into());
            }
            self.searched = rest.len();
            return Ok(None);
        };
        let end = self.searched + found;
        if rest.len() < end + 2 {
            return Ok(None);
        }
        self.searched = 0;
        self.at += end + 2;
        Ok(rest.get(..end))
    }

    /// A line that a person typed, with quotes as in a shell.
    fn typed(&mut self) -> Result<Option<Vec<Vec<u8>>>, String> {
        let rest = self.buffer.get(self.at..).unwrap_or_default();
        let unseen = rest.get(self.searched..).unwrap_or_default();
        let Some(found) = unseen.iter().position(|byte| *byte == b'\n') else {
            if rest.len() > LINE {
                return Err("too big inline request".into());
            }
            self.searched = rest.len();
            return Ok(None);
        };
        let end = self.searched + found;
        let line = rest.get(..end).unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let words = split(line).ok_or("unbalanced quotes in request")?;
        self.searched = 0;
        self.at += end + 1;
        Ok(Some(words))
    }
}

/// The words of a line. In `"..."` a backslash begins `\n`, `\r`, `\t`, `\b`, `\a`, `\xHH` or stands for
/// the byte after it; in `'...'` it can only be before `'`. `None` if a quote is left open or a word goes
/// on right behind it.
fn split(line: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut words = Vec::new();
    let mut rest = line;
    loop {
        rest = rest.trim_ascii_start();
        if rest.is_empty() {
            return Some(words);
        }
        let mut word = Vec::new();
        loop {
            match rest {
                [] => break,
                [space, ..] if space.is_ascii_whitespace() => break,
                [quote @ (b'"' | b'\''), tail @ ..] => {
                    rest = quoted(*quote, tail, &mut word)?;
                    // Behind a quote there is a space or the end.
                    if rest.first().is_some_and(|next| !next.is_ascii_whitespace()) {
                        return None;
                    }
                }
                [byte, tail @ ..] => {
                    word.push(*byte);
                    rest = tail;
                }
            }
        }
        words.push(word);
    }
}

/// Reads up to the closing quote; what is behind it.
fn quoted<'a>(quote: u8, mut rest: &'a [u8], word: &mut Vec<u8>) -> Option<&'a [u8]> {
    loop {
        rest = match rest {
            [byte, tail @ ..] if *byte == quote => return Some(tail),
            [b'\\', b'\'', tail @ ..] if quote == b'\'' => {
                word.push(b'\'');
                tail
            }
            [b'\\', b'x', high, low, tail @ ..]
                if quote == b'"' && high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                let digit = |byte: u8| char::from(byte).to_digit(16).unwrap_or(0);
                let byte = digit(*high) * 16 + digit(*low);
                word.push(u8::try_from(byte).unwrap_or(0));
                tail
            }
            [b'\\', escaped, tail @ ..] if quote == b'"' => {
                word.push(match escaped {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'b' => 8,
                    b'a' => 7,
                    other => *other,
                });
                tail
            }
            [byte, tail @ ..] => {
                word.push(*byte);
                tail
            }
            [] => return None,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Option<Vec<String>> {
        let words = split(line.as_bytes())?.into_iter();
        Some(words.map(|word| String::from_utf8(word).unwrap()).collect())
    }

    #[test]
    fn lines_are_split_as_in_a_shell() {
        let some = |words: &[&str]| Some(words.iter().map(|word| (*word).to_string()).collect());
        assert_eq!(words("  set  a b "), some(&["set", "a", "b"]));
        assert_eq!(
            words(r#"set "a b" '\'' """#),
            some(&["set", "a b", "'", ""])
        );
        assert_eq!(words(r#""\x41\n\"\q""#), some(&["A\n\"q"]));
        assert_eq!(words(r#"a"b""#), some(&["ab"]));
        assert_eq!(words(""), some(&[]));
        for line in [r#""a"#, "'a", r#""a"b"#, r#""\"#] {
            assert_eq!(words(line), None, "{line}");
        }
    }

    #[test]
    fn a_request_in_any_pieces() {
        let bytes = b"*2\r\n$3\r\nGET\r\n$1\r\na\r\nping\r\n*0\r\n\r\n*1\r\n$4\r\nPING\r\n";
        for size in 1..bytes.len() {
            let mut requests = Requests::default();
            let mut read = Vec::new();
            for piece in bytes.chunks(size) {
                requests.space().extend_from_slice(piece);
                while let Some(request) = requests.next_request().unwrap() {
                    read.push(request.join(&b' '));
                }
            }
            assert_eq!(read, [&b"GET a"[..], b"ping", b"PING"], "pieces of {size}");
            assert!(!requests.is_half() && requests.held() == 0);
        }
    }
}
