//! Reads values from bytes that arrive in any pieces.
//!
//! The obvious way is a function that calls itself for every array and begins again when more bytes
//! come. A client can make that slow (an array of a million values, a byte at a time, is read a
//! million times) and can make it crash (`*1\r\n` ten thousand times is ten thousand calls deep). So the
//! arrays that are open are kept in a list, and what has been read is not read again.

use std::fmt;

use bytes::Bytes;

use crate::resp::{Value, integer};

/// What a value may cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of a line, up to its `\n`: of a simple string, an error, a number, a length.
    pub line: usize,
    /// Bytes of one bulk string.
    pub bulk: usize,
    /// Values in one value, all levels counted.
    pub values: usize,
    /// Bytes of all texts in one value.
    pub total: usize,
    /// Arrays in arrays.
    pub depth: usize,
}

impl Default for Limits {
    /// Wide enough for any answer to a lesson, and for Redis' own `COMMAND DOCS`.
    fn default() -> Self {
        Limits {
            line: 64 * 1024,
            bulk: 64 * 1024 * 1024,
            values: 1024 * 1024,
            total: 256 * 1024 * 1024,
            depth: 128,
        }
    }
}

/// Why bytes are no value. There is no way to go on after it: it is not known where the next one begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Broken {
    /// No type has this first byte.
    Type(u8),
    /// This is no length, or no number, or not what the type allows.
    Number(String),
    /// A line or a bulk string does not end with `\r\n`.
    End,
    /// It is larger than the limit with this name.
    Limit(&'static str),
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Broken::Type(byte) => write!(f, "no type of RESP begins with {:?}", char::from(*byte)),
            Broken::Number(text) => write!(f, "{text:?} is not what this type may say"),
            Broken::End => write!(f, "there is no \\r\\n where the value ends"),
            Broken::Limit(which) => write!(f, "it is beyond the limit for {which}"),
        }
    }
}

impl std::error::Error for Broken {}

/// Reads one value from the front of `bytes`: it and how many bytes it was; `None` while it is not
/// whole. For a stream of pieces, [`Decoder`] does not read twice.
///
/// # Errors
/// If the bytes are no value, or one beyond the default [`Limits`].
pub fn decode(bytes: &[u8]) -> Result<Option<(Value, usize)>, Broken> {
    let mut progress = Progress::default();
    let value = progress.value(bytes, &Limits::default())?;
    Ok(value.map(|value| (value, progress.at)))
}

/// Reads values one after the other from pieces of any size.
///
/// ```
/// use l15_redis::decode::Decoder;
/// use l15_redis::resp::Value;
///
/// let mut decoder = Decoder::default();
/// decoder.feed(b"$5\r\nhel");
/// assert_eq!(decoder.next_value(), Ok(None));
/// decoder.feed(b"lo\r\n:7\r\n");
/// assert_eq!(decoder.next_value(), Ok(Some(Value::bulk("hello"))));
/// assert_eq!(decoder.next_value(), Ok(Some(Value::Integer(7))));
/// ```
#[derive(Debug, Default)]
pub struct Decoder {
    limits: Limits,
    buffer: Vec<u8>,
    progress: Progress,
}

impl Decoder {
    /// One with limits of its own.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Decoder {
            limits,
            ..Decoder::default()
        }
    }

    /// Takes a piece. A caller that calls [`next_value`](Self::next_value) until it returns `None` or an error
    /// before the next piece holds no more than the limits and this piece.
    pub fn feed(&mut self, piece: &[u8]) {
        // What has been read goes now and not with every value: moving the rest costs.
        self.buffer.drain(..self.progress.at);
        self.progress.at = 0;
        self.buffer.extend_from_slice(piece);
    }

    /// The next value, `None` while it is not whole.
    ///
    /// # Errors
    /// If the bytes are no value, or one beyond the limits; from then on it fails every time.
    pub fn next_value(&mut self) -> Result<Option<Value>, Broken> {
        self.progress.value(&self.buffer, &self.limits)
    }
}

/// How far the reading has come.
#[derive(Debug, Default)]
struct Progress {
    /// Bytes of the buffer that have been read.
    at: usize,
    /// Of these no end of a line was found in, beyond `at`.
    searched: usize,
    /// Arrays and the like that wait for values, the innermost last.
    open: Vec<Open>,
    /// A bulk string whose length is known: its type and length.
    bulk: Option<(u8, usize)>,
    values: usize,
    total: usize,
    failed: Option<Broken>,
}

/// An array, or a relative of it, that is not full yet.
#[derive(Debug)]
struct Open {
    kind: u8,
    missing: usize,
    items: Vec<Value>,
}

impl Progress {
    fn value(&mut self, bytes: &[u8], limits: &Limits) -> Result<Option<Value>, Broken> {
        if let Some(broken) = &self.failed {
            return Err(broken.clone());
        }
        let read = self.read(bytes, limits);
        self.failed = read.as_ref().err().cloned();
        read
    }

    fn read(&mut self, bytes: &[u8], limits: &Limits) -> Result<Option<Value>, Broken> {
        loop {
            let Some(value) = self.plain(bytes, limits)? else {
                return Ok(None);
            };
            let Step::Whole(mut value) = value else {
                continue;
            };
            // A value fills a place in the array around it; that may be the last one, and so on outwards.
            loop {
                let Some(open) = self.open.last_mut() else {
                    (self.values, self.total) = (0, 0);
                    return Ok(Some(value));
                };
                open.items.push(value);
                open.missing -= 1;
                if open.missing > 0 {
                    break;
                }
                match self.open.pop() {
                    Some(full) => value = full.close(),
                    None => break,
                }
            }
        }
    }

    /// One value, or the head of an array.
    fn plain(&mut self, bytes: &[u8], limits: &Limits) -> Result<Option<Step>, Broken> {
        if let Some((kind, length)) = self.bulk {
            return self.body(bytes, kind, length);
        }
        let Some(line) = self.line(bytes, limits)? else {
            return Ok(None);
        };
        let (&kind, rest) = line.split_first().ok_or(Broken::End)?;
        self.values += 1;
        self.total += rest.len();
        if self.values > limits.values {
            return Err(Broken::Limit("values"));
        }
        let text = || Bytes::copy_from_slice(rest);
        let wrong = || Broken::Number(String::from_utf8_lossy(rest).into_owned());
        let value = match kind {
            b'+' => Value::Simple(text()),
            b'-' => Value::Error(text()),
            b':' => Value::Integer(number(rest).ok_or_else(wrong)?),
            b',' => Value::Double(double(rest).ok_or_else(wrong)?),
            b'(' if big(rest) => Value::BigNumber(text()),
            b'#' if rest == b"t" => Value::Boolean(true),
            b'#' if rest == b"f" => Value::Boolean(false),
            b'_' if rest.is_empty() => Value::Null,
            b'$' if rest == b"-1" => Value::NullBulk,
            b'*' if rest == b"-1" => Value::NullArray,
            b'$' | b'!' | b'=' => {
                let length = length(rest).ok_or_else(wrong)?;
                self.total = self.total.saturating_add(length);
                if length > limits.bulk {
                    return Err(Broken::Limit("a bulk string"));
                }
                if kind == b'=' && length < 4 {
                    return Err(wrong());
                }
                if self.total > limits.total {
                    return Err(Broken::Limit("all texts"));
                }
                self.bulk = Some((kind, length));
                return self.body(bytes, kind, length);
            }
            b'*' | b'~' | b'>' | b'%' | b'|' => {
                let length = length(rest).ok_or_else(wrong)?;
                if length > limits.values - self.values {
                    return Err(Broken::Limit("values"));
                }
                let missing = match kind {
                    b'%' => length.saturating_mul(2),
                    // The value that the attributes are about comes after them.
                    b'|' => length.saturating_mul(2).saturating_add(1),
                    _ => length,
                };
                let open = Open {
                    kind,
                    missing,
                    // Grows with what comes, whatever was announced.
                    items: Vec::new(),
                };
                if missing == 0 {
                    return Ok(Some(Step::Whole(open.close())));
                }
                if self.open.len() >= limits.depth {
                    return Err(Broken::Limit("depth"));
                }
                self.open.push(open);
                return Ok(Some(Step::Opened));
            }
            b'#' | b'_' | b'(' => return Err(wrong()),
            other => return Err(Broken::Type(other)),
        };
        if self.total > limits.total {
            return Err(Broken::Limit("all texts"));
        }
        Ok(Some(Step::Whole(value)))
    }

    /// The bytes of a bulk string, and the line end behind them.
    fn body(&mut self, bytes: &[u8], kind: u8, length: usize) -> Result<Option<Step>, Broken> {
        let rest = bytes.get(self.at..).unwrap_or_default();
        let Some(body) = rest.get(..length.saturating_add(2)) else {
            return Ok(None);
        };
        let body = body.strip_suffix(b"\r\n").ok_or(Broken::End)?;
        self.at += length + 2;
        self.bulk = None;
        Ok(Some(Step::Whole(match kind {
            b'!' => Value::BulkError(Bytes::copy_from_slice(body)),
            b'=' => match body {
                [a, b, c, b':', text @ ..] => Value::Verbatim {
                    format: [*a, *b, *c],
                    text: Bytes::copy_from_slice(text),
                },
                _ => {
                    let text = String::from_utf8_lossy(body).into_owned();
                    return Err(Broken::Number(text));
                }
            },
            _ => Value::Bulk(Bytes::copy_from_slice(body)),
        })))
    }

    /// A line without its end; it counts as read.
    fn line<'a>(&mut self, bytes: &'a [u8], limits: &Limits) -> Result<Option<&'a [u8]>, Broken> {
        let rest = bytes.get(self.at..).unwrap_or_default();
        let unseen = rest.get(self.searched..).unwrap_or_default();
        let found = unseen.iter().position(|byte| *byte == b'\n');
        let end = self.searched + found.unwrap_or(unseen.len());
        if end > limits.line {
            return Err(Broken::Limit("a line"));
        }
        if found.is_none() {
            self.searched = end;
            return Ok(None);
        }
        self.searched = 0;
        self.at += end + 1;
        // A line that ends with \n alone is a sign of something that is not RESP.
        let line = rest.get(..end).unwrap_or_default();
        line.strip_suffix(b"\r").map(Some).ok_or(Broken::End)
    }
}

enum Step {
    Whole(Value),
    Opened,
}

impl Open {
    fn close(self) -> Value {
        let mut items = self.items;
        match self.kind {
            b'~' => Value::Set(items),
            b'>' => Value::Push(items),
            b'%' => Value::Map(pairs(items)),
            b'|' => match items.pop() {
                Some(value) => Value::Attributed {
                    attributes: pairs(items),
                    value: Box::new(value),
                },
                None => Value::Null,
            },
            _ => Value::Array(items),
        }
    }
}

fn pairs(items: Vec<Value>) -> Vec<(Value, Value)> {
    let mut items = items.into_iter();
    std::iter::from_fn(|| Some((items.next()?, items.next()?))).collect()
}

fn length(text: &[u8]) -> Option<usize> {
    usize::try_from(integer(text)?).ok()
}

/// The specification allows a plus here.
fn number(text: &[u8]) -> Option<i64> {
    integer(text.strip_prefix(b"+").unwrap_or(text))
}

fn double(text: &[u8]) -> Option<f64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

fn big(text: &[u8]) -> bool {
    let digits = text.strip_prefix(b"-").or(text.strip_prefix(b"+"));
    let digits = digits.unwrap_or(text);
    !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
}
