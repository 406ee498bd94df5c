//! A message as JSON, written straight into the bytes of the response.

use prost_reflect::{
    DynamicMessage, FieldDescriptor, Kind, MapKey, ReflectMessage, SerializeOptions, Value,
};
use serde::Serialize;

/// The depth to which `Any` inside of `Any` is opened. What is inside is decoded by itself, so the
/// limit for messages inside of messages does not see it.
pub const WRAPPED: u32 = 8;

/// Why it cannot be written.
type Failed = String;

/// Writes a message. `wrapped`: so many `Any` may still be opened.
pub fn message(out: &mut Vec<u8>, message: &DynamicMessage, wrapped: u32) -> Result<(), Failed> {
    let desc = message.descriptor();
    match desc.full_name().strip_prefix("google.protobuf.") {
        Some("Any") => any(out, message, wrapped),
        Some("Timestamp" | "Duration" | "FieldMask" | "Struct" | "Value" | "ListValue") => {
            let mut json = serde_json::Serializer::new(out);
            let written = message.serialize_with_options(&mut json, &SerializeOptions::new());
            written.map_err(|error| error.to_string())
        }
        Some(name) if name.ends_with("Value") => match desc.get_field_by_name("value") {
            Some(field) => single(out, &field.kind(), &message.get_field(&field), wrapped),
            None => Err(format!("{} has no value", desc.full_name())),
        },
        _ => {
            out.push(b'{');
            fields(out, message, wrapped, "")?;
            out.push(b'}');
            Ok(())
        }
    }
}

/// The fields, between the braces. Those that cannot be absent are always there.
fn fields(
    out: &mut Vec<u8>,
    message: &DynamicMessage,
    wrapped: u32,
    mut comma: &str,
) -> Result<(), Failed> {
    for field in message.descriptor().fields() {
        if field.supports_presence() && !message.has_field(&field) {
            continue;
        }
        out.extend_from_slice(comma.as_bytes());
        comma = ",";
        plain(out, field.json_name())?;
        out.push(b':');
        self::field(out, &field, &message.get_field(&field), wrapped)?;
    }
    Ok(())
}

fn field(
    out: &mut Vec<u8>,
    field: &FieldDescriptor,
    value: &Value,
    wrapped: u32,
) -> Result<(), Failed> {
    let mut comma = "";
    match (value, field.kind()) {
        (Value::List(values), kind) => {
            out.push(b'[');
            for value in values {
                out.extend_from_slice(comma.as_bytes());
                comma = ",";
                single(out, &kind, value, wrapped)?;
            }
            out.push(b']');
            Ok(())
        }
        (Value::Map(values), Kind::Message(entry)) => {
            let kind = entry.map_entry_value_field().kind();
            out.push(b'{');
            for (key, value) in values {
                out.extend_from_slice(comma.as_bytes());
                comma = ",";
                match key {
                    MapKey::Bool(key) => plain(out, &key.to_string())?,
                    MapKey::I32(key) => plain(out, &key.to_string())?,
                    MapKey::I64(key) => plain(out, &key.to_string())?,
                    MapKey::U32(key) => plain(out, &key.to_string())?,
                    MapKey::U64(key) => plain(out, &key.to_string())?,
                    MapKey::String(key) => plain(out, key)?,
                }
                out.push(b':');
                single(out, &kind, value, wrapped)?;
            }
            out.push(b'}');
            Ok(())
        }
        (value, kind) => single(out, &kind, value, wrapped),
    }
}

fn single(out: &mut Vec<u8>, kind: &Kind, value: &Value, wrapped: u32) -> Result<(), Failed> {
    use base64::Engine;
    match (value, kind) {
        (Value::Bool(value), _) => plain(out, value),
        (Value::I32(value), _) => plain(out, value),
        (Value::U32(value), _) => plain(out, value),
        // As text: a JSON number goes through a float in most programs, and loses its last digits.
        (Value::I64(value), _) => plain(out, &value.to_string()),
        (Value::U64(value), _) => plain(out, &value.to_string()),
        (Value::F32(value), _) if value.is_finite() => plain(out, value),
        (Value::F64(value), _) if value.is_finite() => plain(out, value),
        (Value::F32(value), _) => plain(out, infinite(f64::from(*value))),
        (Value::F64(value), _) => plain(out, infinite(*value)),
        (Value::String(value), _) => plain(out, value),
        (Value::Bytes(value), _) => plain(out, &base64::prelude::BASE64_STANDARD.encode(value)),
        (Value::EnumNumber(_), Kind::Enum(desc))
            if desc.full_name() == "google.protobuf.NullValue" =>
        {
            plain(out, &())
        }
        (Value::EnumNumber(number), Kind::Enum(desc)) => match desc.get_value(*number) {
            Some(value) => plain(out, value.name()),
            // Newer than what the service has told of itself.
            None => plain(out, number),
        },
        (Value::Message(inner), _) => message(out, inner, wrapped),
        _ => Err("a value that its type cannot have".to_string()),
    }
}

fn infinite(value: f64) -> &'static str {
    match value {
        value if value.is_nan() => "NaN",
        value if value > 0.0 => "Infinity",
        _ => "-Infinity",
    }
}

/// What JSON has itself.
fn plain<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) -> Result<(), Failed> {
    serde_json::to_writer(out, value).map_err(|error| error.to_string())
}

/// A message with its type beside it.
fn any(out: &mut Vec<u8>, any: &DynamicMessage, wrapped: u32) -> Result<(), Failed> {
    let wrapped = wrapped.checked_sub(1);
    let wrapped = wrapped.ok_or_else(|| format!("more than {WRAPPED} Any inside of each other"))?;
    let url = any.get_field_by_name("type_url");
    let url = url.as_deref().and_then(Value::as_str).unwrap_or_default();
    let bytes = any.get_field_by_name("value");
    let bytes = bytes
        .as_deref()
        .and_then(Value::as_bytes)
        .cloned()
        .unwrap_or_default();
    if url.is_empty() && bytes.is_empty() {
        out.extend_from_slice(b"{}");
        return Ok(());
    }
    let name = url
        .rsplit_once('/')
        .map(|(_, name)| name)
        .unwrap_or_default();
    let desc = any.descriptor().parent_pool().get_message_by_name(name);
    let desc = desc.ok_or_else(|| format!("the service has not told of the type `{url}`"))?;
    let inner = DynamicMessage::decode(desc.clone(), bytes).map_err(|error| error.to_string())?;
    out.extend_from_slice(b"{\"@type\":");
    plain(out, url)?;
    if super::known::has_own_json(&desc) {
        out.extend_from_slice(b",\"value\":");
        message(out, &inner, wrapped)?;
    } else {
        fields(out, &inner, wrapped, ",")?;
    }
    out.push(b'}');
    Ok(())
}
