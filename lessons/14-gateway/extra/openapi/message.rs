//! The JSON schema of a message. In a request most values may have more than one form, as the JSON mapping
//! says; in a response each has one.

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
const DURATION: &str = "^-?(0|[1-9][0-9]{0,10})(\\.[0-9]{1,9})?s$";

/// A message with fields.
pub fn message(types: &mut Types, service: &str, side: Side, desc: &MessageDescriptor) -> Json {
    if (side, desc.full_name()) == (Side::Input, "google.protobuf.Any") {
        return any(types, service, desc);
    }
    let mut described = json!({
        "type": "object",
        "properties": properties(types, service, side, desc),
        "additionalProperties": false,
    });
    match side {
        Side::Input => exclude(&mut described, desc),
        // All are there, but those that can be absent.
        Side::Output => {
            let there = desc.fields().filter(|field| !field.supports_presence());
            let names: Vec<_> = there.map(|field| field.json_name().to_string()).collect();
            described["required"] = json!(names);
        }
    }
    let file = desc.parent_file();
    types.comments.add(&mut described, &file, desc.path());
    described
}

/// Of the members of a oneof two are never there.
fn exclude(described: &mut Json, desc: &MessageDescriptor) {
    let there = json!({ "not": { "type": "null" } });
    let mut never = Vec::new();
    for oneof in desc.oneofs() {
        let names = oneof.fields().map(|field| field.json_name().to_string());
        let names: Vec<_> = names.collect();
        for (place, one) in names.iter().enumerate() {
            never.extend(names[place + 1..].iter().map(|other| {
                json!({ "required": [one, other], "properties": { one: there, other: there } })
            }));
        }
    }
    if !never.is_empty() {
        described["not"] = json!({ "anyOf": never });
    }
}

fn properties(
    types: &mut Types,
    service: &str,
    side: Side,
    desc: &MessageDescriptor,
) -> Map<String, Json> {
    let mut properties = Map::new();
    for field in desc.fields() {
        let mut described = self::field(types, service, side, &field);
        if side == Side::Input {
            described = nullable(described);
        }
        let file = desc.parent_file();
        types.comments.add(&mut described, &file, field.path());
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

fn field(types: &mut Types, service: &str, side: Side, field: &FieldDescriptor) -> Json {
    if let (true, Kind::Message(entry)) = (field.is_map(), field.kind()) {
        let values = single(types, service, side, &entry.map_entry_value_field().kind());
        let names = key(&entry.map_entry_key_field().kind());
        let mut described = json!({ "type": "object", "additionalProperties": values });
        // Of what is given it is not said how many digits there are.
        if side == Side::Input || names.get("pattern").is_none() {
            described["propertyNames"] = names;
        }
        return described;
    }
    let one = single(types, service, side, &field.kind());
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
pub fn single(types: &mut Types, service: &str, side: Side, kind: &Kind) -> Json {
    match kind {
        Kind::Double => float(side, f64::MAX, "double"),
        Kind::Float => float(side, f64::from(f32::MAX), "float"),
        Kind::Bool => json!({ "type": "boolean" }),
        Kind::String => json!({ "type": "string" }),
        Kind::Bytes => match side {
            Side::Input => {
                json!({ "type": "string", "contentEncoding": "base64", "pattern": BASE64 })
            }
            Side::Output => json!({ "type": "string", "contentEncoding": "base64" }),
        },
        Kind::Enum(desc) => enumeration(side, desc),
        Kind::Message(desc) => match desc.full_name().strip_prefix("google.protobuf.") {
            Some(name) => known(types, service, side, desc, name),
            None => types.name(service, side, desc),
        },
        whole => match side {
            Side::Input => taken(whole),
            Side::Output => given(whole),
        },
    }
}

/// A whole number as it is taken: a number, or its digits.
fn taken(kind: &Kind) -> Json {
    let (least, most, format) = match kind {
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => (json!(i64::MIN), json!(i64::MAX), "int64"),
        Kind::Uint32 | Kind::Fixed32 => (json!(0), json!(u32::MAX), "uint32"),
        Kind::Uint64 | Kind::Fixed64 => (json!(0), json!(u64::MAX), "uint64"),
        _ => (json!(i32::MIN), json!(i32::MAX), "int32"),
    };
    json!({ "anyOf": [
        { "type": "integer", "minimum": least, "maximum": most, "format": format },
        { "type": "string", "pattern": digits(kind) },
    ] })
}

/// A whole number as it is given: those of 64 bits as text, because JSON numbers lose digits.
fn given(kind: &Kind) -> Json {
    match kind {
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => {
            json!({ "type": "string", "format": "int64", "pattern": "^-?[0-9]{1,19}$" })
        }
        Kind::Uint32 | Kind::Fixed32 => {
            json!({ "type": "integer", "minimum": 0, "maximum": u32::MAX })
        }
        Kind::Uint64 | Kind::Fixed64 => {
            json!({ "type": "string", "format": "uint64", "pattern": "^[0-9]{1,20}$" })
        }
        _ => json!({ "type": "integer", "format": "int32" }),
    }
}

fn float(side: Side, most: f64, format: &str) -> Json {
    let infinite = json!({ "type": "string", "enum": ["NaN", "Infinity", "-Infinity"] });
    match side {
        Side::Input => json!({ "anyOf": [
            { "type": "number", "minimum": -most, "maximum": most, "format": format },
            infinite,
            { "type": "string", "pattern": DECIMAL },
        ] }),
        Side::Output => json!({ "anyOf": [{ "type": "number" }, infinite] }),
    }
}

/// A name, or a number: one without a name is taken, and stays a number.
fn enumeration(side: Side, desc: &EnumDescriptor) -> Json {
    if desc.full_name() == "google.protobuf.NullValue" {
        return json!({ "type": "null" });
    }
    let names = desc.values().map(|value| value.name().to_string());
    let names: Vec<_> = names.collect();
    let mut number = json!({ "type": "integer" });
    if side == Side::Input {
        number["minimum"] = json!(i32::MIN);
        number["maximum"] = json!(i32::MAX);
    }
    json!({ "anyOf": [{ "type": "string", "enum": names }, number] })
}

/// The types that have a JSON of their own.
fn known(
    types: &mut Types,
    service: &str,
    side: Side,
    desc: &MessageDescriptor,
    name: &str,
) -> Json {
    match (name, side) {
        ("Timestamp", _) => json!({ "type": "string", "format": "date-time" }),
        ("Duration", _) => json!({ "type": "string", "pattern": DURATION }),
        ("FieldMask", Side::Input) => json!({ "type": "string", "pattern": MASK }),
        ("FieldMask", Side::Output) => json!({ "type": "string" }),
        ("Struct", _) => json!({ "type": "object" }),
        ("ListValue", _) => json!({ "type": "array" }),
        ("Value", _) => json!({}),
        ("Any", Side::Output) => json!({
            "type": "object",
            "properties": { "@type": { "type": "string" } },
        }),
        _ if name.ends_with("Value") => match desc.get_field_by_name("value") {
            Some(field) => single(types, service, side, &field.kind()),
            None => json!({}),
        },
        _ => types.name(service, side, desc),
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
        let mut properties = properties(types, service, Side::Input, &desc);
        let name = format!("type.googleapis.com/{}", desc.full_name());
        properties.insert("@type".to_string(), json!({ "const": name }));
        // Two fields of which only one may be there: then none is, which is enough for an example.
        for oneof in desc.oneofs().filter(|oneof| oneof.fields().len() > 1) {
            for field in oneof.fields() {
                properties.remove(field.json_name());
            }
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
