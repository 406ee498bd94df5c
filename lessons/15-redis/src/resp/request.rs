//! Requests as a Redis server reads them, and Redis' own errors for them.
//!
//! A request is an array of bulk strings, or one line that a person typed. It is not read with
//! [`decode`](crate::decode::decode): a server that takes only this needs no depth and no other type, must not read
//! the same bytes twice, and its refusals are part of what Redis is known by.

use super::integer;

/// The largest line, typed or a length: 64 KiB.
const LINE: usize = 64 * 1024;

/// What a word costs besides its bytes.
const WORD: usize = 32;

/// Bytes of one word, unless a reader is told otherwise: 512 MiB, as in Redis.
const BULK: usize = 512 * 1024 * 1024;

/// Reads requests from pieces of any size.
#[derive(Debug)]
pub struct Requests {
    /// Bytes of one word (`proto-max-bulk-len`).
    most: usize,
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

impl Default for Requests {
    fn default() -> Self {
        Requests::new(BULK)
    }
}

impl Requests {
    /// A reader that refuses words of more than `most` bytes.
    pub fn new(most: usize) -> Self {
        Requests {
            most,
            buffer: Vec::new(),
            at: 0,
            searched: 0,
            words: Vec::new(),
            missing: 0,
            length: None,
            held: 0,
        }
    }

    /// Returns the buffer for the next piece: append to it.
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
    pub fn rest(&self) -> &[u8] {
        self.buffer.get(self.at..).unwrap_or_default()
    }

    /// Counts so many of them as read: for a reader that is not ours.
    pub fn skip(&mut self, bytes: usize) {
        self.at = self.buffer.len().min(self.at.saturating_add(bytes));
    }

    /// Bytes that are held for a request that is not whole.
    pub fn held(&self) -> usize {
        self.rest().len() + self.held
    }

    /// Returns whether a request has begun and is not whole.
    pub fn is_incomplete(&self) -> bool {
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
                let most = self.most;
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

    /// A line that a person typed. Redis reads quotes as a shell does; here they are refused, because a
    /// client sends arrays, in which any byte can stand.
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
        if line.iter().any(|byte| b"'\"".contains(byte)) {
            return Err("quotes are for redis-cli; this server reads plain words".into());
        }
        let words = line.split(u8::is_ascii_whitespace);
        let words = words.filter(|word| !word.is_empty()).map(<[u8]>::to_vec);
        let words = words.collect();
        self.searched = 0;
        self.at += end + 1;
        Ok(Some(words))
    }
}
