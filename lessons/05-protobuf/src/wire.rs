//! A message decoded by hand. On the wire it is a list of fields, one after the other, and each is a *tag* and a
//! value. The tag is a varint that holds the field number and the wire type, which says how the value is stored.
//! The bytes hold no name, no type, and no end of the message.
//!
//! The programs of the course use prost; this file shows what it does.

use std::fmt;

use crate::varint;

/// Why bytes are no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WireError {
    /// They end inside a field.
    Cut,
    /// A varint has more than 64 bits.
    NoVarint,
    /// A field number outside 1 to 536870911.
    FieldNumber(u64),
    /// A wire type that proto3 does not have: 3 and 4 are groups, 6 and 7 were never used.
    WireType(u8),
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WireError::Cut => f.write_str("the bytes end too early"),
            WireError::NoVarint => f.write_str("a number has more than 64 bits"),
            WireError::FieldNumber(number) => write!(f, "{number} is no field number"),
            WireError::WireType(kind) => write!(f, "there is no wire type {kind}"),
        }
    }
}

impl std::error::Error for WireError {}

// ANCHOR: value
/// A stored value. The wire type of each field type is fixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// Wire type 0: whole numbers, `bool`, enums.
    Varint(u64),
    /// Wire type 1: `double`, `fixed64`, `sfixed64`.
    Fixed64([u8; 8]),
    /// Wire type 2, a length and that many bytes: text, bytes, messages, packed lists.
    Bytes(&'a [u8]),
    /// Wire type 5: `float`, `fixed32`, `sfixed32`.
    Fixed32([u8; 4]),
}

/// One field and its bytes: `tag`, then `head` and `body` of the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// Its number in the .proto file.
    pub number: u32,
    /// The value.
    pub value: Value<'a>,
    /// The bytes of the tag.
    pub tag: &'a [u8],
    /// The bytes of the length, if the value has one.
    pub head: &'a [u8],
    /// The bytes of the value.
    pub body: &'a [u8],
}
// ANCHOR_END: value

// ANCHOR: next
/// Takes one field off the front of `bytes`; `None` at the end.
///
/// # Errors
/// If no field begins here. Then the place of the next field is unknown.
pub fn next<'a>(bytes: &mut &'a [u8]) -> Result<Option<Field<'a>>, WireError> {
    if bytes.is_empty() {
        return Ok(None);
    }
    let before = *bytes;
    let tag = varint::read(bytes)?;
    let (number, wire_type) = split(tag)?;
    let tag = consumed(before, bytes);

    let before = *bytes;
    let mut head: &[u8] = &[];
    let value = match wire_type {
        0 => Value::Varint(varint::read(bytes)?),
        1 => Value::Fixed64(array(bytes)?),
        2 => {
            let length = varint::read(bytes)?;
            head = consumed(before, bytes);
            Value::Bytes(take(bytes, length)?)
        }
        5 => Value::Fixed32(array(bytes)?),
        other => return Err(WireError::WireType(other)),
    };
    let body = &consumed(before, bytes)[head.len()..];
    Ok(Some(Field {
        number,
        value,
        tag,
        head,
        body,
    }))
}

/// A tag is `number << 3 | wire type`.
fn split(tag: u64) -> Result<(u32, u8), WireError> {
    let wire_type = tag.to_le_bytes()[0] & 0b111;
    match u32::try_from(tag >> 3) {
        Ok(number) if (1..1 << 29).contains(&number) => Ok((number, wire_type)),
        _ => Err(WireError::FieldNumber(tag >> 3)),
    }
}

/// `length` bytes, if there are that many: the length is only a claim.
fn take<'a>(bytes: &mut &'a [u8], length: u64) -> Result<&'a [u8], WireError> {
    let length = usize::try_from(length).map_err(|_| WireError::Cut)?;
    let (taken, rest) = bytes.split_at_checked(length).ok_or(WireError::Cut)?;
    *bytes = rest;
    Ok(taken)
}
// ANCHOR_END: next

fn array<const N: usize>(bytes: &mut &[u8]) -> Result<[u8; N], WireError> {
    let (array, rest) = bytes.split_first_chunk().ok_or(WireError::Cut)?;
    *bytes = rest;
    Ok(*array)
}

/// The bytes of `before` in front of `after`.
fn consumed<'a>(before: &'a [u8], after: &[u8]) -> &'a [u8] {
    &before[..before.len() - after.len()]
}

/// All fields of a message.
///
/// # Errors
/// As [`next`].
pub fn fields(mut bytes: &[u8]) -> Result<Vec<Field<'_>>, WireError> {
    let mut fields = Vec::new();
    while let Some(field) = next(&mut bytes)? {
        fields.push(field);
    }
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_tags_and_values() {
        let bytes = [0x08, 0x96, 0x01, 0x12, 2, b'h', b'i', 0x1d, 1, 2, 3, 4];
        let found = fields(&bytes).unwrap();
        let found: Vec<_> = found.iter().map(|f| (f.number, f.value)).collect();
        assert_eq!(
            found,
            [
                (1, Value::Varint(150)),
                (2, Value::Bytes(b"hi")),
                (3, Value::Fixed32([1, 2, 3, 4]))
            ]
        );
        let field = fields(&bytes[3..]).unwrap()[0];
        assert_eq!(
            (field.tag, field.head, field.body),
            (&bytes[3..4], &bytes[4..5], &bytes[5..7])
        );
    }

    #[test]
    fn what_is_no_field_is_an_error() {
        for (bytes, expected) in [
            (&[0x00, 1][..], WireError::FieldNumber(0)),
            (&[0x0b], WireError::WireType(3)),
            (&[0x0e, 1], WireError::WireType(6)),
            (&[0x08], WireError::Cut),
            (&[0x0d, 1, 2, 3], WireError::Cut),
            (&[0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f, 1], WireError::Cut),
            (
                &[0x80, 0x80, 0x80, 0x80, 0x10, 1],
                WireError::FieldNumber(1 << 29),
            ),
        ] {
            assert_eq!(fields(bytes), Err(expected), "{bytes:02x?}");
        }
    }
}
