//! What is taken: more than one form of most values, as the JSON mapping says.

use prost_reflect::{EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value as Json, json};

use super::{Side, Types};

/// Base64 of both alphabets, with padding and without.
const BASE64: &str = "^(([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}(==)?|[A-Za-z0-9+/]{3}=?)?\
                      |([A-Za-z0-9_-]{4})*([A-Za-z0-9_-]{2}(==)?|[A-Za-z0-9_-]{3}=?)?)$";
/// A number with a point, as text.
const DECIMAL: &str = "^-?(0|[1-9][0-9]{0,15})(\\.[0-9]{1,15})?([eE][+-]?[0-9])?$";
/// Names of fields.
const MASK: &str = "^([a-zA-Z][a-zA-Z0-9]*(\\.[a-zA-Z][a-zA-Z0-9]*)*\
                    (,[a-zA-Z][a-zA-Z0-9]*(\\.[a-zA-Z][a-zA-Z0-9]*)*)*)?$";
/// Seconds.
pub const DURATION: &str = "^-?(0|[1-9][0-9]{0,10})(\\.[0-9]{1,9})?s$";

/// A message with fields.
pub fn message(types: &mut Types, service: &str, desc: &MessageDescriptor) -> Json {
    if desc.full_name() == "google.protobuf.Any" {
        return any(types, service, desc);
    }
    let mut described = json!({
        "type": "object",
        "properties": properties(types, service, desc),
        "additionalProperties": false,
    });
    let mut never = Vec::new();
    for oneof in desc.oneofs() {
        let names: Vec<_> = oneof
            .fields()
            .map(|field| field.json_name().to_string())
            .collect();
        for (place, one) in names.iter().enumerate() {
            let there = json!({ "not": { "type": "null" } });
            never.extend(names[place + 1..].iter().map(|other| {
                json!({ "required": [one, other], "properties": { one: there, other: there } })
            }));
        }
    }
    if !never.is_empty() {
        described["not"] = json!({ "anyOf": never });
    }
    types
        .comments
        .add(&mut described, &desc.parent_file(), desc.path());
    described
}

fn properties(types: &mut Types, service: &str, desc: &MessageDescriptor) -> Map<String, Json> {
    let mut properties = Map::new();
    for field in desc.fields() {
        let mut described = nullable(self::field(types, service, &field));
        types
            .comments
            .add(&mut described, &desc.parent_file(), field.path());
        properties.insert(field.json_name().to_string(), described);
    }
    properties
}

/// null is a field that is not there.
fn nullable(described: Json) -> Json {
    match described {
        Json::Object(mut it) if it.len() == 1 && it.contains_key("anyOf") => {
            if let Some(Json::Array(all)) = it.get_mut("anyOf") {
                all.push(json!({ "type": "null" }));
            }
            Json::Object(it)
        }
        // Whatever is taken, null is.
        Json::Object(it) if it.is_empty() => Json::Object(it),
        other => json!({ "anyOf": [other, { "type": "null" }] }),
    }
}

fn field(types: &mut Types, service: &str, field: &FieldDescriptor) -> Json {
    if let (true, Kind::Message(entry)) = (field.is_map(), field.kind()) {
        let values = single(types, service, &entry.map_entry_value_field().kind());
        let names = key(&entry.map_entry_key_field().kind());
        return json!({ "type": "object", "additionalProperties": values, "propertyNames": names });
    }
    let one = single(types, service, &field.kind());
    match field.is_list() {
        true => json!({ "type": "array", "items": one }),
        false => one,
    }
}

/// The key of a map: text, whatever it is.
pub fn key(kind: &Kind) -> Json {
    match kind {
        Kind::Bool => json!({ "type": "string", "enum": ["true", "false"] }),
        Kind::String => json!({ "type": "string" }),
        other => json!({ "type": "string", "pattern": digits(other) }),
    }
}

/// A whole number as text, which fits in any case.
fn digits(kind: &Kind) -> &'static str {
    match kind {
        Kind::Uint32 | Kind::Fixed32 => "^(0|[1-9][0-9]{0,8})$",
        Kind::Uint64 | Kind::Fixed64 => "^(0|[1-9][0-9]{0,17})$",
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => "^-?(0|[1-9][0-9]{0,17})$",
        _ => "^-?(0|[1-9][0-9]{0,8})$",
    }
}

/// A value.
pub fn single(types: &mut Types, service: &str, kind: &Kind) -> Json {
    let whole = |least: Json, most: Json, format: &str| {
        json!({ "anyOf": [
            { "type": "integer", "minimum": least, "maximum": most, "format": format },
            { "type": "string", "pattern": digits(kind) },
        ] })
    };
    match kind {
        Kind::Double => float(f64::MAX, "double"),
        Kind::Float => float(f64::from(f32::MAX), "float"),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => {
            whole(i32::MIN.into(), i32::MAX.into(), "int32")
        }
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => {
            whole(i64::MIN.into(), i64::MAX.into(), "int64")
        }
        Kind::Uint32 | Kind::Fixed32 => whole(0.into(), u32::MAX.into(), "uint32"),
        Kind::Uint64 | Kind::Fixed64 => whole(0.into(), u64::MAX.into(), "uint64"),
        Kind::Bool => json!({ "type": "boolean" }),
        Kind::String => json!({ "type": "string" }),
        Kind::Bytes => json!({ "type": "string", "contentEncoding": "base64", "pattern": BASE64 }),
        Kind::Enum(desc) => enumeration(desc),
        Kind::Message(desc) => match desc.full_name().strip_prefix("google.protobuf.") {
            Some(name) => known(types, service, desc, name),
            None => types.name(service, Side::Input, desc),
        },
    }
}

fn float(most: f64, format: &str) -> Json {
    json!({ "anyOf": [
        { "type": "number", "minimum": -most, "maximum": most, "format": format },
        { "type": "string", "enum": ["NaN", "Infinity", "-Infinity"] },
        { "type": "string", "pattern": DECIMAL },
    ] })
}

/// A name, or a number: one without a name is taken as well.
fn enumeration(desc: &EnumDescriptor) -> Json {
    if desc.full_name() == "google.protobuf.NullValue" {
        return json!({ "type": "null" });
    }
    let names: Vec<_> = desc
        .values()
        .map(|value| value.name().to_string())
        .collect();
    json!({ "anyOf": [
        { "type": "string", "enum": names },
        { "type": "integer", "minimum": i32::MIN, "maximum": i32::MAX },
    ] })
}

/// The types that have a JSON of their own.
fn known(types: &mut Types, service: &str, desc: &MessageDescriptor, name: &str) -> Json {
    match name {
        "Timestamp" => json!({ "type": "string", "format": "date-time" }),
        "Duration" => json!({ "type": "string", "pattern": DURATION }),
        "FieldMask" => json!({ "type": "string", "pattern": MASK }),
        "Struct" => json!({ "type": "object" }),
        "ListValue" => json!({ "type": "array" }),
        "Value" => json!({}),
        _ if name.ends_with("Value") => match desc.get_field_by_name("value") {
            Some(field) => single(types, service, &field.kind()),
            None => json!({}),
        },
        _ => types.name(service, Side::Input, desc),
    }
}

/// One of the service's own messages, with its type beside the fields.
fn any(types: &mut Types, service: &str, desc: &MessageDescriptor) -> Json {
    const MOST: usize = 20;
    let pool = desc.parent_pool().clone();
    let own = |it: &MessageDescriptor| {
        !it.is_map_entry() && !it.full_name().starts_with("google.protobuf.")
    };
    let mut all = vec![json!({ "type": "object", "maxProperties": 0 })];
    for desc in pool.all_messages().filter(own).take(MOST) {
        let mut properties = properties(types, service, &desc);
        let name = format!("type.googleapis.com/{}", desc.full_name());
        properties.insert("@type".to_string(), json!({ "const": name }));
        // Two fields of which only one may be there: then none is, which is enough for an example.
        for oneof in desc.oneofs().filter(|oneof| oneof.fields().len() > 1) {
            oneof
                .fields()
                .for_each(|field| drop(properties.remove(field.json_name())));
        }
        all.push(json!({
            "type": "object",
            "required": ["@type"],
            "properties": properties,
            "additionalProperties": false,
        }));
    }
    json!({ "anyOf": all })
}
