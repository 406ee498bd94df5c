//! Between JSON and messages whose types are learnt at run time, by the JSON mapping of protobuf
//! (<https://protobuf.dev/programming-guides/json/>).
//!
//! `prost-reflect` has that mapping as well, and does it here for times and for JSON inside of messages.
//! The rest is written out, because the sender of a wrong field must learn which one it is, and
//! because of what tests with invalid requests have found: `prost-reflect` 0.16 takes
//! 18446744073709551616 for the largest `uint64`, which is one less, writes an infinite `DoubleValue` as
//! null, and opens an `Any` inside of an `Any` until the stack is full.

use prost::bytes::Bytes;
use prost_reflect::{
    DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, ReflectMessage, Value,
};
use serde_json::Value as Json;

use crate::extra::transcode::{known, scalar, write};

pub use crate::extra::transcode::query::{from_query, is_text, percent};

/// The depth of messages inside of each other, at most; what reads them at the other end gives up
/// after 100.
pub const DEPTH: u32 = 90;

/// The fault of a request, and the field that has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The field as JSON would find it: `parts[2].count`; empty for the message as a whole.
    pub field: String,
    /// What is wrong with it.
    pub why: String,
}

impl FieldError {
    /// Makes an error about the value at hand.
    pub(crate) fn here(why: impl Into<String>) -> FieldError {
        FieldError {
            field: String::new(),
            why: why.into(),
        }
    }

    /// Makes an error: another kind of JSON was expected here.
    pub(crate) fn expected(wanted: &str, json: &Json) -> FieldError {
        FieldError::here(format!("expected {wanted}, got {}", what(json)))
    }

    /// Makes an error: the service has described a type that cannot be.
    pub(crate) fn broken() -> FieldError {
        FieldError::here("its description is broken")
    }

    /// Puts `place` in front of the field: the name of the value that contains it.
    pub(crate) fn inside(mut self, place: &str) -> FieldError {
        self.field = match self.field.as_str() {
            "" => place.to_string(),
            // A place in a list follows without a point.
            inner if inner.starts_with('[') => format!("{place}{inner}"),
            inner => format!("{place}.{inner}"),
        };
        self
    }
}

// ANCHOR: from_json
/// A message of this type from JSON.
///
/// # Errors
/// The first field that does not fit.
pub fn from_json(desc: &MessageDescriptor, json: &Json) -> Result<DynamicMessage, FieldError> {
    message(desc, json, DEPTH)
}

/// A message, with so many levels inside of it at most.
pub(crate) fn message(
    desc: &MessageDescriptor,
    json: &Json,
    depth: u32,
) -> Result<DynamicMessage, FieldError> {
    let depth = deeper(depth)?;
    if let Some(known) = known::message(desc, json, depth) {
        return known;
    }
    let Json::Object(object) = json else {
        return Err(FieldError::expected("an object", json));
    };
    let mut made = DynamicMessage::new(desc.clone());
    for (name, json) in object {
        set(&mut made, name, json, depth).map_err(|bad| bad.inside(name))?;
    }
    Ok(made)
}
// ANCHOR_END: from_json

/// How many levels may be inside of the next one.
fn deeper(depth: u32) -> Result<u32, FieldError> {
    let deeper = depth.checked_sub(1);
    deeper.ok_or_else(|| FieldError::here("it is nested too deeply"))
}

/// Sets one field by either of its names.
fn set(made: &mut DynamicMessage, name: &str, json: &Json, depth: u32) -> Result<(), FieldError> {
    let desc = made.descriptor();
    let field = field(&desc, name)?;
    if json.is_null() && !known::has_null(&field) {
        return Ok(());
    }
    if made.has_field(&field) {
        return Err(FieldError::here("it comes twice"));
    }
    // An `optional` field is a oneof with one member, which JSON does not show.
    let others = (field.containing_oneof()).filter(|oneof| oneof.fields().len() > 1);
    if let Some(oneof) = others
        && let Some(other) = oneof.fields().find(|other| made.has_field(other))
    {
        return Err(FieldError::here(format!(
            "only one of `{}` can be there, and there is `{}`",
            oneof.name(),
            other.json_name()
        )));
    }
    let value = if field.is_map() {
        map(&field, json, depth)?
    } else if field.is_list() {
        list(&field, json, depth)?
    } else {
        single(&field.kind(), json, depth)?
    };
    made.set_field(&field, value);
    Ok(())
}

/// The field that goes by this name: the one that JSON uses, or the one in the .proto file.
pub(crate) fn field(desc: &MessageDescriptor, name: &str) -> Result<FieldDescriptor, FieldError> {
    let found = desc.get_field_by_json_name(name);
    found
        .or_else(|| desc.get_field_by_name(name))
        .ok_or_else(|| {
            let all = desc.fields().take(20).map(|it| it.json_name().to_string());
            let has = match all.collect::<Vec<_>>() {
                none if none.is_empty() => "no field".to_string(),
                all => all.join(", "),
            };
            let name = desc.full_name();
            FieldError::here(format!("{name} has no such field; it has: {has}"))
        })
}

fn list(field: &FieldDescriptor, json: &Json, depth: u32) -> Result<Value, FieldError> {
    let Json::Array(values) = json else {
        return Err(FieldError::expected("a list", json));
    };
    let kind = field.kind();
    let one = |(place, json): (usize, &Json)| {
        let value = match json {
            Json::Null if !known::has_null(field) => {
                Err(FieldError::here("null cannot be an element of a list"))
            }
            json => single(&kind, json, depth),
        };
        value.map_err(|bad| bad.inside(&format!("[{place}]")))
    };
    let values: Result<_, _> = values.iter().enumerate().map(one).collect();
    Ok(Value::List(values?))
}

fn map(field: &FieldDescriptor, json: &Json, depth: u32) -> Result<Value, FieldError> {
    let Json::Object(object) = json else {
        return Err(FieldError::expected("an object", json));
    };
    // On the wire a map is a list of messages with a key and a value.
    let depth = deeper(depth)?;
    let Kind::Message(entry) = field.kind() else {
        return Err(FieldError::broken());
    };
    let (keys, values) = (entry.map_entry_key_field(), entry.map_entry_value_field());
    let kind = values.kind();
    let one = |(key, json): (&String, &Json)| {
        let place = format!("[{key}]");
        let pair = match json {
            Json::Null if !known::has_null(&values) => {
                Err(FieldError::here("null cannot be a value of a map"))
            }
            json => single(&kind, json, depth),
        };
        let value = pair.map_err(|bad| bad.inside(&place))?;
        let key: MapKey = scalar::key(&keys.kind(), key).map_err(|bad| bad.inside(&place))?;
        Ok((key, value))
    };
    let mut all = std::collections::HashMap::new();
    for pair in object {
        let (key, value) = one(pair)?;
        // `1` and `01` are two keys for JSON.
        if all.insert(key, value).is_some() {
            return Err(FieldError::here("this key comes twice").inside(&format!("[{}]", pair.0)));
        }
    }
    Ok(Value::Map(all))
}

fn single(kind: &Kind, json: &Json, depth: u32) -> Result<Value, FieldError> {
    match kind {
        Kind::Message(desc) => message(desc, json, depth).map(Value::Message),
        kind => scalar::value(kind, json),
    }
}

/// What people call such JSON.
fn what(json: &Json) -> String {
    match json {
        Json::Null => "null".to_string(),
        Json::Bool(value) => value.to_string(),
        Json::Number(value) => value.to_string(),
        Json::String(text) => format!("\"{}\"", short(text)),
        Json::Array(_) => "a list".to_string(),
        Json::Object(_) => "an object".to_string(),
    }
}

/// As much of it as an error should repeat.
pub(crate) fn short(text: &str) -> String {
    let mut short: String = text.chars().take(40).collect();
    if short.len() < text.len() {
        short.push_str("...");
    }
    short
}

// ANCHOR: to_json
/// Turns the answer of a service into JSON. Fields that are not set are there with their default, so
/// that a reader never has to know it; only those that can be absent are.
///
/// # Errors
/// If the bytes are not such a message, or hold something that JSON cannot: then the service does not
/// keep to what it has told of itself.
pub fn to_json(desc: &MessageDescriptor, message: Bytes) -> Result<Vec<u8>, String> {
    let message = DynamicMessage::decode(desc.clone(), message).map_err(|it| it.to_string())?;
    let mut out = Vec::new();
    write::message(&mut out, &message, write::WRAPPED)?;
    Ok(out)
}
// ANCHOR_END: to_json
