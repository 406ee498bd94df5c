//! Every byte of a message in words: the fields of [`wire`], with the names of [`Schema`].

use prost_types::field_descriptor_proto::Type;
use prost_types::{DescriptorProto, FieldDescriptorProto};

use crate::schema::{self, Schema};
use crate::varint;
use crate::wire::{self, Field, Value, WireError};

/// Some bytes and their meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The number of messages around it.
    pub depth: usize,
    /// The offset of the first byte.
    pub at: usize,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The meaning in words.
    pub words: String,
}

/// Explains a message of the type `name`. Fields that the schema lacks are listed as unknown.
///
/// # Errors
/// If the bytes are no message.
pub fn explain(schema: &Schema, name: &str, bytes: &[u8]) -> Result<Vec<Line>, WireError> {
    let mut lines = Vec::new();
    let context = Context {
        schema,
        whole: bytes,
    };
    context.message(schema.message(name), bytes, 0, &mut lines)?;
    Ok(lines)
}

struct Context<'a> {
    schema: &'a Schema,
    /// The whole message, to compute offsets.
    whole: &'a [u8],
}

impl Context<'_> {
    fn line(&self, depth: usize, bytes: &[u8], words: String) -> Line {
        Line {
            depth,
            at: bytes.as_ptr().addr() - self.whole.as_ptr().addr(),
            bytes: bytes.to_vec(),
            words,
        }
    }

    fn message(
        &self,
        message: Option<&DescriptorProto>,
        mut bytes: &[u8],
        depth: usize,
        lines: &mut Vec<Line>,
    ) -> Result<(), WireError> {
        while let Some(field) = wire::next(&mut bytes)? {
            let known = message.and_then(|message| schema::field(message, field.number));
            let words = tag_in_words(&field, known);
            lines.push(self.line(depth, field.tag, words));
            if !field.head.is_empty() {
                let words = format!("length {}", field.body.len());
                lines.push(self.line(depth, field.head, words));
            }
            self.value(&field, known, depth, lines)?;
        }
        Ok(())
    }

    fn value(
        &self,
        field: &Field<'_>,
        known: Option<&FieldDescriptorProto>,
        depth: usize,
        lines: &mut Vec<Line>,
    ) -> Result<(), WireError> {
        let Some(known) = known else {
            lines.push(self.line(depth, field.body, "skipped".to_string()));
            return Ok(());
        };
        let kind = known.r#type();
        let words = match field.value {
            Value::Varint(number) => {
                let meaning = self.number(number, known);
                with_sum(field.body, &meaning)
            }
            Value::Bytes(bytes) if kind == Type::Message => {
                let inner = self.schema.message(known.type_name());
                return self.message(inner, bytes, depth + 1, lines);
            }
            Value::Bytes(mut list) if is_varint(kind) => {
                while !list.is_empty() {
                    let before = list;
                    let number = varint::read(&mut list)?;
                    let bytes = &before[..before.len() - list.len()];
                    let meaning = self.number(number, known);
                    lines.push(self.line(depth + 1, bytes, with_sum(bytes, &meaning)));
                }
                return Ok(());
            }
            Value::Bytes(text) if kind == Type::String => {
                format!("{:?}", String::from_utf8_lossy(text))
            }
            Value::Bytes(bytes) => format!("{} bytes", bytes.len()),
            Value::Fixed32(bytes) if kind == Type::Float => f32::from_le_bytes(bytes).to_string(),
            Value::Fixed32(bytes) => u32::from_le_bytes(bytes).to_string(),
            Value::Fixed64(bytes) if kind == Type::Double => f64::from_le_bytes(bytes).to_string(),
            Value::Fixed64(bytes) => u64::from_le_bytes(bytes).to_string(),
        };
        lines.push(self.line(depth, field.body, words));
        Ok(())
    }

    /// A whole number, or the name of an enum value.
    fn number(&self, number: u64, known: &FieldDescriptorProto) -> String {
        let signed = number.cast_signed();
        match known.r#type() {
            Type::Int32 | Type::Int64 => signed.to_string(),
            Type::Bool => (number != 0).to_string(),
            Type::Enum => {
                let value = i32::try_from(signed).ok();
                let name = value.and_then(|v| self.schema.enum_value(known.type_name(), v));
                format!("{signed}, {}", name.unwrap_or("a value without a name"))
            }
            _ => number.to_string(),
        }
    }
}

fn is_varint(kind: Type) -> bool {
    use Type::{Bool, Enum, Int32, Int64, Sint32, Sint64, Uint32, Uint64};
    matches!(
        kind,
        Bool | Enum | Int32 | Int64 | Sint32 | Sint64 | Uint32 | Uint64
    )
}

/// `0a` is `1 << 3 | 2`: field 1, and a value with a length in front.
fn tag_in_words(field: &Field<'_>, known: Option<&FieldDescriptorProto>) -> String {
    let (wire_type, stored) = match field.value {
        Value::Varint(_) => (0, "a varint"),
        Value::Fixed64(_) => (1, "eight bytes"),
        Value::Bytes(_) => (2, "a length and bytes"),
        Value::Fixed32(_) => (5, "four bytes"),
    };
    let name = known.map_or("an unknown field".to_string(), |known| {
        format!("{}, {}", known.name(), schema::kind(known))
    });
    format!("{} << 3 | {wire_type}  {name}: {stored}", field.number)
}

/// A varint of several bytes, added up.
fn with_sum(bytes: &[u8], meaning: &str) -> String {
    match bytes {
        [low, high] => format!("{} + {high} * 128 = {meaning}", low & 0x7f),
        _ => meaning.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::school::{Measures, Student, Weekday, student::Group};
    use prost::Message;

    #[test]
    fn every_byte_is_told_once_and_in_order() {
        let student = Student {
            id: 7,
            name: "Ada".into(),
            measures: Some(Measures { weight_kg: 300 }),
            scores: vec![90, 300],
            weekday: Weekday::Thursday.into(),
            group: Some(Group::Class(3)),
        };
        let bytes = student.encode_to_vec();
        let schema = Schema::new(crate::DESCRIPTORS).unwrap();
        let lines = explain(&schema, "school.v1.Student", &bytes).unwrap();
        let told: Vec<u8> = lines.iter().flat_map(|line| line.bytes.clone()).collect();
        assert_eq!(told, bytes);
        let mut next = 0;
        for line in &lines {
            assert_eq!(line.at, next, "{line:?}");
            next += line.bytes.len();
        }
        let words: Vec<&str> = lines.iter().map(|line| line.words.as_str()).collect();
        for expected in [
            "1 << 3 | 0  id, int32: a varint",
            "\"Ada\"",
            "44 + 2 * 128 = 300",
            "4, WEEKDAY_THURSDAY",
        ] {
            assert!(words.contains(&expected), "{expected}: {words:#?}");
        }
        // The same bytes without a schema for these numbers.
        let lines = explain(&schema, "unknown.v1.Message", &bytes).unwrap();
        assert!(lines.iter().any(|line| line.words == "skipped"));
    }
}
