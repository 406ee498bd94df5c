//! What travels: the types of RESP2 and RESP3, and how each is written.

use bytes::Bytes;

/// Which version a connection speaks. A connection begins with 2; `HELLO 3` changes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// Five types and two nulls.
    #[default]
    Resp2,
    /// Eight more types, and one null.
    Resp3,
}

/// One value.
///
/// Texts are [`Bytes`]: they need not be UTF-8, and a copy of one is a handle and no copy, so an
/// answer that names the same megabyte a thousand times costs one megabyte.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `+OK`: a short text without a line end.
    Simple(Bytes),
    /// `-ERR no such key`: an error. Its first word is its kind.
    Error(Bytes),
    /// `:7`
    Integer(i64),
    /// `$5` and then five bytes of any kind.
    Bulk(Bytes),
    /// `*2` and then two values.
    Array(Vec<Value>),
    /// `$-1`: no bulk string. RESP2 only.
    NullBulk,
    /// `*-1`: no array. RESP2 only.
    NullArray,
    /// `_`: nothing. RESP3, as all below.
    Null,
    /// `#t` or `#f`
    Boolean(bool),
    /// `,3.5`, with `inf`, `-inf` and `nan`.
    Double(f64),
    /// `(3492890328409238509324850943850943825024385`: digits of any number, as they came.
    BigNumber(Bytes),
    /// `!21` and then 21 bytes: an error that may hold any byte.
    BulkError(Bytes),
    /// `=15` and then `txt:` and a text: a text that says how to show it.
    Verbatim {
        /// Three letters: `txt` or `mkd`.
        format: [u8; 3],
        /// What comes after the colon.
        text: Bytes,
    },
    /// `%2` and then two keys, each with its value, in the order in which they came.
    Map(Vec<(Value, Value)>),
    /// `~2` and then two values: an array in which order means nothing.
    Set(Vec<Value>),
    /// `>2` and then two values: a message without a request.
    Push(Vec<Value>),
    /// `|1` and then a map, and after it the value that it is about.
    Attributed {
        /// What is said about the value.
        attributes: Vec<(Value, Value)>,
        /// The value itself.
        value: Box<Value>,
    },
}

impl Value {
    /// A simple string; `text` has no line end.
    pub const fn simple(text: &'static str) -> Value {
        Value::Simple(Bytes::from_static(text.as_bytes()))
    }

    /// A bulk string of any bytes.
    pub fn bulk(bytes: impl Into<Vec<u8>>) -> Value {
        Value::Bulk(Bytes::from(bytes.into()))
    }

    /// An error, as `ERR syntax error`. Line ends in it become spaces, and at its end they go, as in
    /// Redis: it may quote what a client has sent, and a client must not be able to write an answer of
    /// its own in it.
    pub fn error(words: impl Into<Vec<u8>>) -> Value {
        let mut words = words.into();
        while words.pop_if(|last| matches!(last, b'\r' | b'\n')).is_some() {}
        for byte in &mut words {
            if matches!(byte, b'\r' | b'\n') {
                *byte = b' ';
            }
        }
        Value::Error(Bytes::from(words))
    }

    /// Writes the value behind what is in `out`.
    ///
    /// A server answers in one set of words and lets `protocol` decide: in RESP2 a null is `$-1`, a
    /// map is an array of keys and values in turn, a boolean is 1 or 0, and a double is a text. In RESP3
    /// every value is written as what it is.
    pub fn encode(&self, protocol: Protocol, out: &mut Vec<u8>) {
        let old = protocol == Protocol::Resp2;
        match self {
            Value::Simple(text) => line(b'+', text, out),
            Value::Error(text) => line(b'-', text, out),
            Value::BulkError(text) if old => line(b'-', text, out),
            Value::Integer(number) => line(b':', number.to_string().as_bytes(), out),
            Value::Boolean(value) if old => line(b':', if *value { b"1" } else { b"0" }, out),
            Value::Boolean(value) => line(b'#', if *value { b"t" } else { b"f" }, out),
            Value::NullBulk => out.extend_from_slice(b"$-1\r\n"),
            Value::Null if old => out.extend_from_slice(b"$-1\r\n"),
            Value::NullArray => out.extend_from_slice(b"*-1\r\n"),
            Value::Null => out.extend_from_slice(b"_\r\n"),
            Value::Bulk(bytes) => bulk(b'$', bytes, out),
            Value::BulkError(bytes) => bulk(b'!', bytes, out),
            Value::Double(number) if old => bulk(b'$', double(*number).as_bytes(), out),
            Value::Double(number) => line(b',', double(*number).as_bytes(), out),
            Value::BigNumber(digits) if old => bulk(b'$', digits, out),
            Value::BigNumber(digits) => line(b'(', digits, out),
            Value::Verbatim { text, .. } if old => bulk(b'$', text, out),
            Value::Verbatim { format, text } => {
                head(b'=', text.len() + 4, out);
                out.extend_from_slice(format);
                out.push(b':');
                out.extend_from_slice(text);
                out.extend_from_slice(b"\r\n");
            }
            Value::Array(items) => list(b'*', items, protocol, out),
            Value::Set(items) => list(if old { b'*' } else { b'~' }, items, protocol, out),
            Value::Push(items) => list(if old { b'*' } else { b'>' }, items, protocol, out),
            Value::Map(pairs) if old => {
                head(b'*', pairs.len() * 2, out);
                each(pairs, protocol, out);
            }
            Value::Map(pairs) => {
                head(b'%', pairs.len(), out);
                each(pairs, protocol, out);
            }
            // RESP2 has no place for what is said about a value.
            Value::Attributed { value, .. } if old => value.encode(protocol, out),
            Value::Attributed { attributes, value } => {
                head(b'|', attributes.len(), out);
                each(attributes, protocol, out);
                value.encode(protocol, out);
            }
        }
    }

    /// How many bytes [`encode`](Self::encode) writes at most; so a server can refuse an answer before
    /// it takes memory for it.
    pub fn size(&self) -> usize {
        // The type, up to 20 digits, and the line ends; no number is written longer than a double.
        const HEAD: usize = 32;
        let pairs = |pairs: &[(Value, Value)]| {
            let sizes = pairs.iter().map(|(key, value)| key.size() + value.size());
            sizes.sum::<usize>()
        };
        match self {
            Value::Simple(bytes)
            | Value::Error(bytes)
            | Value::Bulk(bytes)
            | Value::BigNumber(bytes)
            | Value::BulkError(bytes)
            | Value::Verbatim { text: bytes, .. } => HEAD + bytes.len(),
            Value::Double(number) => HEAD + double(*number).len(),
            Value::Array(items) | Value::Set(items) | Value::Push(items) => {
                HEAD + items.iter().map(Value::size).sum::<usize>()
            }
            Value::Map(map) => HEAD + pairs(map),
            Value::Attributed { attributes, value } => HEAD + pairs(attributes) + value.size(),
            Value::Integer(_)
            | Value::NullBulk
            | Value::NullArray
            | Value::Null
            | Value::Boolean(_) => HEAD,
        }
    }
}

impl From<&'static str> for Value {
    /// A bulk string: most texts in answers are.
    fn from(text: &'static str) -> Value {
        Value::Bulk(Bytes::from_static(text.as_bytes()))
    }
}

fn line(kind: u8, text: &[u8], out: &mut Vec<u8>) {
    out.push(kind);
    out.extend_from_slice(text);
    out.extend_from_slice(b"\r\n");
}

fn head(kind: u8, length: usize, out: &mut Vec<u8>) {
    line(kind, length.to_string().as_bytes(), out);
}

fn bulk(kind: u8, bytes: &[u8], out: &mut Vec<u8>) {
    head(kind, bytes.len(), out);
    out.extend_from_slice(bytes);
    out.extend_from_slice(b"\r\n");
}

fn list(kind: u8, items: &[Value], protocol: Protocol, out: &mut Vec<u8>) {
    head(kind, items.len(), out);
    items.iter().for_each(|item| item.encode(protocol, out));
}

fn each(pairs: &[(Value, Value)], protocol: Protocol, out: &mut Vec<u8>) {
    for (key, value) in pairs {
        key.encode(protocol, out);
        value.encode(protocol, out);
    }
}

/// Rust says `NaN`; for the infinities both say `inf`.
fn double(number: f64) -> String {
    number.to_string().to_ascii_lowercase()
}
