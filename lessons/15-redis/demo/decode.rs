//! Reads a value from the bytes that a peer has sent: the wire of `faults.rs` and the tests need to know where a
//! command or a reply ends.
//!
//! The types are those that this lesson's server writes. The function begins at the front again whenever more bytes
//! have come, so it is for short exchanges; the server's own reader, [`Requests`](crate::resp::Requests), is not.

use std::io::{self, ErrorKind};

use bytes::Bytes;

use crate::resp::{Value, integer};

/// No deeper than this, arrays in arrays: the function calls itself for each of them.
const DEPTH: usize = 32;

/// Reads one value from the front of `bytes`: it and how many bytes it was; `None` while it is incomplete.
///
/// # Errors
/// If the bytes are no value, or one that is too deep.
pub fn decode(bytes: &[u8]) -> io::Result<Option<(Value, usize)>> {
    let mut rest = bytes;
    match value(&mut rest, DEPTH) {
        Ok(value) => Ok(Some((value, bytes.len() - rest.len()))),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

/// The next value; `UnexpectedEof` if it is incomplete.
fn value(rest: &mut &[u8], depth: usize) -> io::Result<Value> {
    let (kind, text) = line(rest)?.split_first().ok_or(ErrorKind::InvalidData)?;
    let number = || integer(text).ok_or_else(|| wrong(*kind, text));
    let length = || usize::try_from(number()?).map_err(|_| wrong(*kind, text));
    let depth = depth.checked_sub(1).ok_or(ErrorKind::InvalidData)?;
    Ok(match kind {
        b'+' => Value::Simple(Bytes::copy_from_slice(text)),
        b'-' => Value::Error(Bytes::copy_from_slice(text)),
        b':' => Value::Integer(number()?),
        b'_' if text.is_empty() => Value::Null,
        b'$' | b'*' if text == b"-1" => Value::Null,
        b'$' => Value::Bulk(Bytes::copy_from_slice(body(rest, length()?)?)),
        b'=' => {
            let text = body(rest, length()?)?.strip_prefix(b"txt:");
            Value::Text(Bytes::copy_from_slice(text.ok_or(ErrorKind::InvalidData)?))
        }
        b'*' => {
            // Grows with what comes, whatever was announced.
            let mut values = Vec::new();
            for _ in 0..length()? {
                values.push(value(rest, depth)?);
            }
            Value::Array(values)
        }
        b'%' => {
            let mut pairs = Vec::new();
            for _ in 0..length()? {
                pairs.push((value(rest, depth)?, value(rest, depth)?));
            }
            Value::Map(pairs)
        }
        _ => return Err(wrong(*kind, text)),
    })
}

/// The next line without its end.
fn line<'a>(rest: &mut &'a [u8]) -> io::Result<&'a [u8]> {
    let end = rest.iter().position(|byte| *byte == b'\n');
    let (line, after) = rest.split_at(end.ok_or(ErrorKind::UnexpectedEof)? + 1);
    *rest = after;
    // A line that ends with \n alone is a sign of something that is not RESP.
    line.strip_suffix(b"\r\n")
        .ok_or(ErrorKind::InvalidData.into())
}

/// The next `length` bytes, without the line end behind them.
fn body<'a>(rest: &mut &'a [u8], length: usize) -> io::Result<&'a [u8]> {
    let split = rest.split_at_checked(length.saturating_add(2));
    let (body, after) = split.ok_or(ErrorKind::UnexpectedEof)?;
    *rest = after;
    body.strip_suffix(b"\r\n")
        .ok_or(ErrorKind::InvalidData.into())
}

fn wrong(kind: u8, text: &[u8]) -> io::Error {
    let value = format!("{}{}", char::from(kind), text.escape_ascii());
    io::Error::new(ErrorKind::InvalidData, format!("{value} is no value"))
}
