//! The types of `google.protobuf` that have a JSON of their own.

use prost::Message;
use prost_reflect::{
    DeserializeOptions, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, Value,
};
use serde_json::Value as Json;

use super::scalar;
use crate::gateway::transcode::{FieldError, message as message_of, short};

/// In which null is a value, and not the absence of one.
pub fn has_null(field: &FieldDescriptor) -> bool {
    match field.kind() {
        Kind::Message(desc) => desc.full_name() == "google.protobuf.Value",
        Kind::Enum(desc) => desc.full_name() == "google.protobuf.NullValue",
        _ => false,
    }
}

/// A message of such a type; `None` if it is a type as all others.
pub fn message(
    desc: &MessageDescriptor,
    json: &Json,
    depth: u32,
) -> Option<Result<DynamicMessage, FieldError>> {
    let name = desc.full_name().strip_prefix("google.protobuf.")?;
    match name {
        "DoubleValue" | "FloatValue" | "Int64Value" | "UInt64Value" | "Int32Value"
        | "UInt32Value" | "BoolValue" | "StringValue" | "BytesValue" => Some(wrapped(desc, json)),
        "Any" => Some(any(desc, json, depth)),
        "Timestamp" => Some(read(desc, json, "a time such as \"2026-01-02T03:04:05Z\"")),
        "Duration" => Some(read(desc, json, "a time such as \"1.5s\"")),
        "FieldMask" => Some(mask(desc, json)),
        "Struct" | "Value" | "ListValue" => Some(anything(desc, json, depth)),
        _ => None,
    }
}

/// Returns whether such a message is not just an object with its fields.
pub fn has_own_json(desc: &MessageDescriptor) -> bool {
    let name = desc.full_name().strip_prefix("google.protobuf.");
    match name.unwrap_or_default() {
        "Any" | "Timestamp" | "Duration" | "FieldMask" | "Struct" | "Empty" => true,
        name => name.ends_with("Value"),
    }
}

/// A scalar that may be missing.
fn wrapped(desc: &MessageDescriptor, json: &Json) -> Result<DynamicMessage, FieldError> {
    let field = desc.get_field_by_name("value");
    let field = field.ok_or_else(FieldError::broken)?;
    let value = scalar::value(&field.kind(), json)?;
    let mut made = DynamicMessage::new(desc.clone());
    made.set_field(&field, value);
    Ok(made)
}

/// What prost-reflect reads well, and what it is called if it cannot.
fn read(desc: &MessageDescriptor, json: &Json, wanted: &str) -> Result<DynamicMessage, FieldError> {
    let options = DeserializeOptions::new().deny_unknown_fields(true);
    let read = DynamicMessage::deserialize_with_options(desc.clone(), json, &options);
    read.map_err(|error| {
        let expected = FieldError::expected(wanted, json);
        FieldError::here(format!("{}: {error}", expected.why))
    })
}

fn mask(desc: &MessageDescriptor, json: &Json) -> Result<DynamicMessage, FieldError> {
    let wanted = "names of fields such as \"name,part.count\"";
    let name = |name: &str| {
        name.starts_with(|it: char| it.is_ascii_alphabetic())
            && name.bytes().all(|it| it.is_ascii_alphanumeric())
    };
    let good = json.as_str().is_some_and(|text| {
        text.is_empty() || text.split(',').all(|path| path.split('.').all(name))
    });
    if !good {
        return Err(FieldError::expected(wanted, json));
    }
    read(desc, json, wanted)
}

/// Any JSON, or any object, or any list.
fn anything(
    desc: &MessageDescriptor,
    json: &Json,
    depth: u32,
) -> Result<DynamicMessage, FieldError> {
    if !shallow(json, depth) {
        return Err(FieldError::here("it is nested too deeply"));
    }
    let wanted = match desc.name() {
        "Struct" => "an object",
        "ListValue" => "a list",
        _ => "JSON",
    };
    read(desc, json, wanted)
}

/// Returns whether this needs no more than so many messages inside of each other: an object is three (the
/// value, the object, the entry of its map), a list two.
fn shallow(json: &Json, depth: u32) -> bool {
    match json {
        Json::Object(object) => depth
            .checked_sub(3)
            .is_some_and(|depth| object.values().all(|json| shallow(json, depth))),
        Json::Array(list) => depth
            .checked_sub(2)
            .is_some_and(|depth| list.iter().all(|json| shallow(json, depth))),
        _ => depth > 0,
    }
}

/// A message with its type beside it. Only types that the service has told of can be inside.
fn any(desc: &MessageDescriptor, json: &Json, depth: u32) -> Result<DynamicMessage, FieldError> {
    let Json::Object(object) = json else {
        return Err(FieldError::expected("an object", json));
    };
    let mut made = DynamicMessage::new(desc.clone());
    if object.is_empty() {
        return Ok(made);
    }
    let kind = object.get("@type").and_then(Json::as_str);
    let kind =
        kind.ok_or_else(|| FieldError::here("expected the name of a type").inside("@type"))?;
    let name = kind.rsplit_once('/').map(|(_, name)| name);
    let inner = name.and_then(|name| desc.parent_pool().get_message_by_name(name));
    let Some(inner) = inner else {
        let kind = short(kind);
        return Err(
            FieldError::here(format!("the service has not told of a type \"{kind}\""))
                .inside("@type"),
        );
    };
    let payload = if has_own_json(&inner) {
        if let Some(name) = object
            .keys()
            .find(|name| !["@type", "value"].contains(&name.as_str()))
        {
            return Err(FieldError::here("only `@type` and `value` can be here").inside(name));
        }
        let value = object.get("value");
        let value = value.ok_or_else(|| FieldError::here("it is missing").inside("value"))?;
        message_of(&inner, value, depth).map_err(|bad| bad.inside("value"))?
    } else {
        let mut fields = object.clone();
        fields.remove("@type");
        message_of(&inner, &Json::Object(fields), depth)?
    };
    let kind = Value::String(kind.to_string());
    let payload = Value::Bytes(payload.encode_to_vec().into());
    let set = made.try_set_field_by_name("type_url", kind);
    set.and_then(|()| made.try_set_field_by_name("value", payload))
        .map_err(|_| FieldError::broken())?;
    Ok(made)
}
