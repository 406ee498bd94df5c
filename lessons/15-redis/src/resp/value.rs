//! The types of RESP that this server writes, and how each is written in RESP2 and RESP3.

use bytes::Bytes;

/// The version of the protocol. A connection begins with 2; `HELLO 3` changes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// Five types.
    #[default]
    Resp2,
    /// More types, a map and a null among them.
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
    /// Nothing: `$-1` in RESP2, `_` in RESP3.
    Null,
    /// `=15` and then `txt:` and a text of eleven bytes: for a person to read, as INFO is. A bulk string in RESP2.
    Text(Bytes),
    /// `%2` and then two keys, each with its value, in the order in which they came. An array of both in RESP2.
    Map(Vec<(Value, Value)>),
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
    /// A server answers in one set of words and lets `protocol` decide: in RESP2 a null is `$-1`, and a map is an
    /// array of keys and values in turn. In RESP3 every value is written as what it is.
    pub fn encode(&self, protocol: Protocol, out: &mut Vec<u8>) {
        let old = protocol == Protocol::Resp2;
        match self {
            Value::Simple(text) => line(b'+', text, out),
            Value::Error(text) => line(b'-', text, out),
            Value::Integer(number) => line(b':', number.to_string().as_bytes(), out),
            Value::Null => out.extend_from_slice(if old { b"$-1\r\n" } else { b"_\r\n" }),
            Value::Text(text) if !old => bulk(b'=', &[b"txt:", &text[..]].concat(), out),
            Value::Bulk(bytes) | Value::Text(bytes) => bulk(b'$', bytes, out),
            Value::Array(items) => {
                head(b'*', items.len(), out);
                items.iter().for_each(|item| item.encode(protocol, out));
            }
            Value::Map(pairs) => {
                match old {
                    true => head(b'*', pairs.len() * 2, out),
                    false => head(b'%', pairs.len(), out),
                }
                for (key, value) in pairs {
                    key.encode(protocol, out);
                    value.encode(protocol, out);
                }
            }
        }
    }

    /// Returns the number of bytes that [`encode`](Self::encode) writes at most; so a server can
    /// refuse an answer before it takes memory for it.
    pub fn size(&self) -> usize {
        // The type, up to 20 digits, and the line ends.
        const HEAD: usize = 32;
        HEAD + match self {
            Value::Simple(bytes)
            | Value::Error(bytes)
            | Value::Bulk(bytes)
            | Value::Text(bytes) => bytes.len(),
            Value::Array(items) => items.iter().map(Value::size).sum(),
            Value::Map(pairs) => {
                let sizes = pairs.iter().map(|(key, value)| key.size() + value.size());
                sizes.sum()
            }
            Value::Integer(_) | Value::Null => 0,
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
