//! A message with its types, on one line: `HelloRequest {name: "wire"}`.

use std::fmt::Write as _;

use prost_reflect::{
    DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, ReflectMessage, Value,
};

use super::guess;
use crate::escape::{beginning, quoted};

/// What a message says, and as what it was read.
#[derive(Default)]
pub struct Reading {
    /// The line.
    pub line: String,
    /// The full name of its type, if that is known and fits.
    pub name: Option<String>,
    /// The message as protobuf's JSON has it, if its type is known.
    pub json: Option<serde_json::Value>,
    /// One row a field, without a type.
    pub rows: Vec<String>,
    /// What does not fit.
    pub problem: Option<String>,
}

/// A longer message is not put into JSON.
const MAX_JSON: usize = 4096;

/// Reads `bytes` as `message`, or without a type. The line is about `show` bytes long at most.
pub fn read(message: Option<&MessageDescriptor>, bytes: &[u8], show: usize) -> Reading {
    let mut problem = None;
    if let Some(message) = message {
        match DynamicMessage::decode(message.clone(), bytes) {
            Ok(value) => return typed(&value, bytes, show),
            Err(error) => problem = Some(format!("no {}: {error}", message.name())),
        }
    }
    let fields = guess::fields(bytes);
    let (line, rows) = match &fields {
        Some(fields) => (cut(guess::line(fields), show), guess::rows(fields)),
        None => {
            problem.get_or_insert_with(|| "no protobuf".to_string());
            (guess::short_hex(bytes), Vec::new())
        }
    };
    Reading {
        line,
        rows,
        problem,
        ..Reading::default()
    }
}

fn typed(value: &DynamicMessage, bytes: &[u8], show: usize) -> Reading {
    let message = value.descriptor();
    let mut line = format!("{} ", message.name());
    let mut writer = Writer {
        out: &mut line,
        limit: show + message.name().len(),
    };
    writer.message(value);
    // Fields that this type does not have: an older reader meets a newer writer.
    let unknown: Vec<guess::Field<'_>> = guess::fields(bytes)
        .unwrap_or_default()
        .into_iter()
        .filter(|field| message.get_field(field.number).is_none())
        .collect();
    if !unknown.is_empty() {
        let _ = write!(line, " and unknown {}", cut(guess::line(&unknown), show));
    }
    let json = (bytes.len() <= MAX_JSON)
        .then(|| serde_json::to_value(value).ok())
        .flatten();
    Reading {
        line,
        name: Some(message.full_name().to_string()),
        json,
        ..Reading::default()
    }
}

fn cut(text: String, show: usize) -> String {
    match beginning(&text, show) {
        all if all.len() == text.len() => text,
        begin => format!("{begin}…"),
    }
}

/// Writes values until the line is long enough.
struct Writer<'a> {
    out: &'a mut String,
    limit: usize,
}

impl Writer<'_> {
    /// Writes each item with a gap before all but the first, as long as the line is not too long.
    fn each<T>(&mut self, items: impl IntoIterator<Item = T>, write: impl Fn(&mut Self, T)) {
        for (i, item) in items.into_iter().enumerate() {
            if i > 0 {
                self.out.push_str(", ");
            }
            if self.out.len() > self.limit {
                self.out.push('…');
                break;
            }
            write(self, item);
        }
    }

    fn message(&mut self, message: &DynamicMessage) {
        self.out.push('{');
        self.each(message.fields(), |writer, (field, value)| {
            let _ = write!(writer.out, "{}: ", field.name());
            writer.field(&field, value);
        });
        self.out.push('}');
    }

    fn field(&mut self, field: &FieldDescriptor, value: &Value) {
        let kind = field.kind();
        match value {
            Value::List(values) => {
                self.out.push('[');
                self.each(values, |writer, value| writer.value(&kind, value));
                self.out.push(']');
            }
            Value::Map(entries) => {
                // A map has no order; sorted, the same map reads the same.
                let mut entries: Vec<_> = entries.iter().collect();
                entries.sort_by_key(|(key, _)| *key);
                let entry = kind.as_message();
                let kind = entry.map_or(Kind::String, |entry| entry.map_entry_value_field().kind());
                self.out.push('{');
                self.each(entries, |writer, (key, value)| {
                    writer.value(&Kind::String, &Value::from(key.clone()));
                    writer.out.push_str(": ");
                    writer.value(&kind, value);
                });
                self.out.push('}');
            }
            single => self.value(&kind, single),
        }
    }

    fn value(&mut self, kind: &Kind, value: &Value) {
        // Writing to a String cannot fail.
        let _ = match value {
            Value::Bool(it) => write!(self.out, "{it}"),
            Value::I32(it) => write!(self.out, "{it}"),
            Value::I64(it) => write!(self.out, "{it}"),
            Value::U32(it) => write!(self.out, "{it}"),
            Value::U64(it) => write!(self.out, "{it}"),
            Value::F32(it) => write!(self.out, "{it}"),
            Value::F64(it) => write!(self.out, "{it}"),
            Value::String(it) => return self.text(it),
            Value::Bytes(it) => write!(self.out, "{}", guess::short_hex(it)),
            Value::EnumNumber(n) => {
                let name = kind.as_enum().and_then(|it| it.get_value(*n));
                match name {
                    Some(name) => write!(self.out, "{}", name.name()),
                    None => write!(self.out, "{n}"),
                }
            }
            Value::Message(message) => return self.message(message),
            // Neither can stand inside another.
            Value::List(_) | Value::Map(_) => Ok(()),
        };
    }

    fn text(&mut self, text: &str) {
        let room = self.limit.saturating_sub(self.out.len()).max(8);
        let begin = beginning(text, room);
        self.out.push_str(&quoted(begin.as_bytes()));
        if begin.len() < text.len() {
            let _ = write!(self.out, "… and {} more bytes", text.len() - begin.len());
        }
    }
}
