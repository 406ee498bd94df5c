//! What is given: one form of each value.

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value as Json, json};

use super::input::{DURATION, key};
use super::{Side, Types};

/// A message with fields. All are there, but those that can be absent.
pub fn message(types: &mut Types, service: &str, desc: &MessageDescriptor) -> Json {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for field in desc.fields() {
        let mut described = self::field(types, service, &field);
        types
            .comments
            .add(&mut described, &desc.parent_file(), field.path());
        properties.insert(field.json_name().to_string(), described);
        if !field.supports_presence() {
            required.push(field.json_name().to_string());
        }
    }
    let mut described = json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    });
    types
        .comments
        .add(&mut described, &desc.parent_file(), desc.path());
    described
}

fn field(types: &mut Types, service: &str, field: &FieldDescriptor) -> Json {
    if let (true, Kind::Message(entry)) = (field.is_map(), field.kind()) {
        let values = single(types, service, &entry.map_entry_value_field().kind());
        let names = key(&entry.map_entry_key_field().kind());
        let mut described = json!({ "type": "object", "additionalProperties": values });
        // Digits: how many is not said here.
        if names.get("pattern").is_none() {
            described["propertyNames"] = names;
        }
        return described;
    }
    let one = single(types, service, &field.kind());
    match field.is_list() {
        true => json!({ "type": "array", "items": one }),
        false => one,
    }
}

fn single(types: &mut Types, service: &str, kind: &Kind) -> Json {
    match kind {
        Kind::Double | Kind::Float => json!({ "anyOf": [
            { "type": "number" },
            { "type": "string", "enum": ["NaN", "Infinity", "-Infinity"] },
        ] }),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => {
            json!({ "type": "integer", "format": "int32" })
        }
        Kind::Uint32 | Kind::Fixed32 => {
            json!({ "type": "integer", "minimum": 0, "maximum": u32::MAX })
        }
        // As text: JSON numbers lose digits.
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => {
            json!({ "type": "string", "format": "int64", "pattern": "^-?[0-9]{1,19}$" })
        }
        Kind::Uint64 | Kind::Fixed64 => {
            json!({ "type": "string", "format": "uint64", "pattern": "^[0-9]{1,20}$" })
        }
        Kind::Bool => json!({ "type": "boolean" }),
        Kind::String => json!({ "type": "string" }),
        Kind::Bytes => json!({ "type": "string", "contentEncoding": "base64" }),
        Kind::Enum(desc) if desc.full_name() == "google.protobuf.NullValue" => {
            json!({ "type": "null" })
        }
        Kind::Enum(desc) => {
            let names: Vec<_> = desc
                .values()
                .map(|value| value.name().to_string())
                .collect();
            // A number without a name stays a number.
            json!({ "anyOf": [{ "type": "string", "enum": names }, { "type": "integer" }] })
        }
        Kind::Message(desc) => match desc.full_name().strip_prefix("google.protobuf.") {
            Some(name) => known(types, service, desc, name),
            None => types.name(service, Side::Output, desc),
        },
    }
}

fn known(types: &mut Types, service: &str, desc: &MessageDescriptor, name: &str) -> Json {
    match name {
        "Timestamp" => json!({ "type": "string", "format": "date-time" }),
        "Duration" => json!({ "type": "string", "pattern": DURATION }),
        "FieldMask" => json!({ "type": "string" }),
        "Struct" => json!({ "type": "object" }),
        "ListValue" => json!({ "type": "array" }),
        "Value" => json!({}),
        "Any" => json!({
            "type": "object",
            "properties": { "@type": { "type": "string" } },
        }),
        _ if name.ends_with("Value") => match desc.get_field_by_name("value") {
            Some(field) => single(types, service, &field.kind()),
            None => json!({}),
        },
        _ => types.name(service, Side::Output, desc),
    }
}
