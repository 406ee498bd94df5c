//! Messages of protobuf without their .proto: the bytes say the number of each field and how long
//! it is, but neither its name nor its type. So every field gets the readings that fit.

use std::fmt::Write as _;

use prost::encoding::{self, WireType};

use crate::escape::{beginning, hex, quoted};

/// The deepest nesting, and the most fields of one message, that are read.
const DEEPEST: usize = 16;
const MAX_FIELDS: usize = 1000;
/// A text longer than this is cut.
const LONGEST: usize = 80;

/// A field as the bytes have it.
#[derive(Clone, Debug, PartialEq)]
pub struct Field<'a> {
    /// Its number in the .proto.
    pub number: u32,
    /// What stands there.
    pub value: Raw<'a>,
}

/// A value as the bytes have it.
#[derive(Clone, Debug, PartialEq)]
pub enum Raw<'a> {
    /// Seven bits a byte: whole numbers, bool, enum.
    Varint(u64),
    /// Eight bytes: fixed64, double.
    I64([u8; 8]),
    /// A length, then bytes: text, bytes, a message, packed numbers.
    Len(&'a [u8]),
    /// Four bytes: fixed32, float.
    I32([u8; 4]),
}

impl Raw<'_> {
    /// The name of the wire type.
    pub fn wire_type(&self) -> &'static str {
        match self {
            Raw::Varint(_) => "VARINT",
            Raw::I64(_) => "I64",
            Raw::Len(_) => "LEN",
            Raw::I32(_) => "I32",
        }
    }

    /// All readings that fit, the most plausible one first, of a value that stands so deep.
    fn readings(&self, depth: usize) -> Vec<String> {
        match self {
            Raw::Varint(n) => {
                let mut all = vec![n.to_string()];
                if *n > u64::MAX / 2 {
                    // Negative numbers take all ten bytes.
                    all.insert(0, n.cast_signed().to_string());
                }
                all
            }
            Raw::I64(bytes) => number(
                f64::from_le_bytes(*bytes),
                &u64::from_le_bytes(*bytes).to_string(),
            ),
            Raw::I32(bytes) => number(
                f64::from(f32::from_le_bytes(*bytes)),
                &u32::from_le_bytes(*bytes).to_string(),
            ),
            Raw::Len(bytes) => {
                let mut all = Vec::new();
                let text = std::str::from_utf8(bytes).ok();
                let seen = |c: char| !c.is_control() || matches!(c, '\n' | '\t' | '\r');
                if let Some(text) = text.filter(|text| text.chars().all(seen)) {
                    let begin = beginning(text, LONGEST);
                    let more = if begin.len() < text.len() { "…" } else { "" };
                    all.push(format!("{}{more}", quoted(begin.as_bytes())));
                }
                if let Some(fields) = fields(bytes).filter(|it| !it.is_empty() && depth < DEEPEST) {
                    all.push(line_at(&fields, depth + 1));
                }
                if all.is_empty() {
                    all.push(short_hex(bytes));
                }
                all
            }
        }
    }
}

/// Readings of a number of fixed size: as a fraction if it looks like one that a human wrote.
fn number(fraction: f64, whole: &str) -> Vec<String> {
    let likely = fraction == 0.0 || (1e-6..1e12).contains(&fraction.abs());
    let mut all = vec![whole.to_string()];
    if likely {
        all.insert(0, format!("{fraction}"));
    }
    all
}

/// Bytes in hex, cut where it gets long.
pub fn short_hex(bytes: &[u8]) -> String {
    let more = if bytes.len() > 16 { " …" } else { "" };
    format!("<{}{more}>", hex(&bytes[..bytes.len().min(16)]))
}

/// The fields of a message; `None` if these bytes are none.
pub fn fields(bytes: &[u8]) -> Option<Vec<Field<'_>>> {
    let mut rest = bytes;
    let mut all = Vec::new();
    while !rest.is_empty() {
        let (number, wire_type) = encoding::decode_key(&mut rest).ok()?;
        if all.len() == MAX_FIELDS {
            return None;
        }
        let value = match wire_type {
            WireType::Varint => Raw::Varint(varint(&mut rest)?),
            WireType::SixtyFourBit => Raw::I64(take(&mut rest, 8)?.try_into().ok()?),
            WireType::LengthDelimited => {
                let len = usize::try_from(varint(&mut rest)?).ok()?;
                Raw::Len(take(&mut rest, len)?)
            }
            WireType::ThirtyTwoBit => Raw::I32(take(&mut rest, 4)?.try_into().ok()?),
            WireType::StartGroup | WireType::EndGroup => return None,
        };
        all.push(Field { number, value });
    }
    Some(all)
}

/// All fields on one line: `{1: "wire", 2: 150}`.
pub fn line(fields: &[Field<'_>]) -> String {
    line_at(fields, 0)
}

fn line_at(fields: &[Field<'_>], depth: usize) -> String {
    let mut out = String::from("{");
    for (i, field) in fields.iter().enumerate() {
        let gap = if i == 0 { "" } else { ", " };
        let readings = field.value.readings(depth);
        let best = readings.first().map_or("", String::as_str);
        // Writing to a String cannot fail.
        let _ = write!(out, "{gap}{}: {best}", field.number);
        if out.len() > 4096 {
            out.push_str(", …");
            break;
        }
    }
    out.push('}');
    out
}

/// One field a row, with its wire type and all its readings.
pub fn rows(fields: &[Field<'_>]) -> Vec<String> {
    fields
        .iter()
        .take(50)
        .map(|field| {
            let kind = match field.value {
                Raw::Len(bytes) => format!("LEN of {}", bytes.len()),
                _ => field.value.wire_type().to_string(),
            };
            let mut readings = field.value.readings(0);
            if let Raw::Varint(n) = field.value {
                if n < 2 {
                    readings.push(if n == 1 { "true" } else { "false" }.to_string());
                }
                // Zigzag: 0, -1, 1, -2, ...
                let half = (n >> 1).cast_signed();
                readings.push(format!("sint {}", if n & 1 == 1 { !half } else { half }));
            }
            format!(
                "field {}  {kind}  {}",
                field.number,
                readings.join("  or  ")
            )
        })
        .collect()
}

/// Reads a varint of at most ten bytes.
pub fn varint(rest: &mut &[u8]) -> Option<u64> {
    encoding::decode_varint(rest).ok()
}

fn take<'a>(rest: &mut &'a [u8], len: usize) -> Option<&'a [u8]> {
    let (now, after) = rest.split_at_checked(len)?;
    *rest = after;
    Some(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wire_type_is_read() {
        let bytes =
            b"\x08\x96\x01\x12\x04wire\x19\0\0\0\0\0\0\xf8\x3f\x25\x01\0\0\0\x2a\x02\x08\x07";
        let fields = fields(bytes).unwrap();
        assert_eq!(
            line(&fields),
            r#"{1: 150, 2: "wire", 3: 1.5, 4: 1, 5: {1: 7}}"#
        );
        assert_eq!(
            rows(&fields),
            [
                "field 1  VARINT  150  or  sint 75",
                r#"field 2  LEN of 4  "wire""#,
                "field 3  I64  1.5  or  4609434218613702656",
                "field 4  I32  1",
                "field 5  LEN of 2  {1: 7}",
            ]
        );
    }

    #[test]
    fn a_text_that_is_also_a_message_has_both_readings() {
        let fields = fields(b"\x0a\x03\x0a\x01A").unwrap();
        assert_eq!(rows(&fields), [r#"field 1  LEN of 3  {1: "A"}"#]);
        assert_eq!(Raw::Len(b"(A").readings(0), [r#""(A""#, "{5: 65}"]);
    }

    #[test]
    fn what_is_no_message_is_none() {
        let cases: [&[u8]; 5] = [b"\x00", b"\x08", b"\x0a\x05ab", b"\x0b", b"\xff\xff\xff"];
        for bytes in cases {
            assert_eq!(fields(bytes), None, "{bytes:02x?}");
        }
        assert_eq!(fields(b""), Some(Vec::new()));
    }

    /// Nesting as deep as the bytes allow must cost neither the stack nor the clock.
    #[test]
    fn a_deep_message_is_read_in_bounded_time() {
        let mut bytes = Vec::new();
        for _ in 0..3000 {
            let mut next = Vec::new();
            encoding::bytes::encode(1, &bytes, &mut next);
            bytes = next;
        }
        let fields = fields(&bytes).unwrap();
        assert!(line(&fields).len() < 10_000);
    }
}
