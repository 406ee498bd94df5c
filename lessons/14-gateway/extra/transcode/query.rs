//! A message from the query of a URL: `name=Ada&part.count=3&numbers=1&numbers=2&by_name[red]=7`.

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value as Json};

use crate::gateway::transcode::{DEPTH, FieldError, field, short};

// ANCHOR: from_query
/// The query as JSON that fits this type; then it is read as all JSON is. Points lead into messages,
/// a key that comes again makes a list, `[key]` is a key of a map.
///
/// # Errors
/// The first key that does not fit.
pub fn from_query(desc: &MessageDescriptor, query: &str) -> Result<Json, FieldError> {
    let mut root = Map::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = decoded(name).map_err(|bad| bad.inside(&short(name)))?;
        let value = decoded(value).map_err(|bad| bad.inside(&name))?;
        put(&mut root, desc, &name, &value).map_err(|why| FieldError {
            field: short(&name),
            why,
        })?;
    }
    Ok(Json::Object(root))
}
// ANCHOR_END: from_query

/// Puts the value where its name says.
fn put(
    root: &mut Map<String, Json>,
    desc: &MessageDescriptor,
    name: &str,
    value: &str,
) -> Result<(), String> {
    // The key of a map may have points of its own.
    let (path, key) = match name.split_once('[') {
        Some((path, key)) => match key.strip_suffix(']') {
            Some(key) => (path, Some(key)),
            None => return Err("the `[` is not closed".to_string()),
        },
        None => (name, None),
    };
    let (mut here, mut desc) = (root, desc.clone());
    let mut parts = path.split('.').peekable();
    let mut depth = 0;
    while let Some(part) = parts.next() {
        depth += 1;
        if depth > DEPTH {
            return Err("it is nested too deeply".to_string());
        }
        let field = field(&desc, part).map_err(|bad| bad.why)?;
        let slot = here.entry(field.json_name());
        if parts.peek().is_none() {
            return last(slot, &field, key, value);
        }
        let inner = match field.kind() {
            Kind::Message(inner) if !field.is_list() && !is_text(&field.kind()) => inner,
            _ => {
                return Err(format!(
                    "nothing is inside of `{part}` that a query could name"
                ));
            }
        };
        let Json::Object(next) = slot.or_insert_with(|| Json::Object(Map::new())) else {
            return Err("it comes twice".to_string());
        };
        (here, desc) = (next, inner);
    }
    Err("a field without a name".to_string())
}

/// Sets a field, adds to a list, or sets a key of a map.
fn last(
    slot: serde_json::map::Entry<'_>,
    field: &FieldDescriptor,
    key: Option<&str>,
    value: &str,
) -> Result<(), String> {
    let twice = || Err("it comes twice".to_string());
    if field.is_map() {
        let Some(key) = key else {
            return Err("this is a map: NAME[KEY]=VALUE".to_string());
        };
        let Kind::Message(entry) = field.kind() else {
            return Err("its description is broken".to_string());
        };
        let value = leaf(&entry.map_entry_value_field().kind(), value)?;
        let Json::Object(map) = slot.or_insert_with(|| Json::Object(Map::new())) else {
            return twice();
        };
        return match map.insert(key.to_string(), value) {
            Some(_) => twice(),
            None => Ok(()),
        };
    }
    if key.is_some() {
        return Err("only a map has keys in `[]`".to_string());
    }
    let value = leaf(&field.kind(), value)?;
    if field.is_list() {
        return match slot.or_insert_with(|| Json::Array(Vec::new())) {
            Json::Array(list) => {
                list.push(value);
                Ok(())
            }
            _ => twice(),
        };
    }
    match slot {
        serde_json::map::Entry::Occupied(_) => twice(),
        serde_json::map::Entry::Vacant(slot) => {
            slot.insert(value);
            Ok(())
        }
    }
}

/// Text as the JSON that its kind wants.
fn leaf(kind: &Kind, text: &str) -> Result<Json, String> {
    let own = || Json::String(text.to_string());
    match kind {
        Kind::Bool => match text {
            "true" => Ok(Json::Bool(true)),
            "false" => Ok(Json::Bool(false)),
            _ => Ok(own()),
        },
        Kind::Enum(desc) if desc.get_value_by_name(text).is_none() => {
            Ok(text.parse::<i32>().map_or_else(|_| own(), Json::from))
        }
        Kind::Message(desc) => match desc.full_name() {
            "google.protobuf.BoolValue" => leaf(&Kind::Bool, text),
            "google.protobuf.Struct" | "google.protobuf.ListValue" | "google.protobuf.Value" => {
                serde_json::from_str(text).map_err(|error| format!("expected JSON: {error}"))
            }
            _ if is_text(kind) => Ok(own()),
            _ => Err(
                "a whole message does not fit into a query: name its fields with points, \
                      or send it as JSON with POST"
                    .to_string(),
            ),
        },
        // All others are taken from text as well.
        _ => Ok(own()),
    }
}

/// Returns whether one text is enough for a value of this kind.
pub fn is_text(kind: &Kind) -> bool {
    let Kind::Message(desc) = kind else {
        return true;
    };
    let Some(name) = desc.full_name().strip_prefix("google.protobuf.") else {
        return false;
    };
    match name {
        "Timestamp" | "Duration" | "FieldMask" | "Struct" | "ListValue" | "Value" => true,
        name => name.ends_with("Value") && name != "NullValue",
    }
}

/// `%41` and `+` undone.
fn decoded(text: &str) -> Result<String, FieldError> {
    percent(text, true).ok_or_else(|| FieldError::here("it is not UTF-8 in percent encoding"))
}

/// Percent encoding undone; `None` if it is broken, or not UTF-8. In a query `+` means a space.
pub fn percent(text: &str, plus: bool) -> Option<String> {
    let mut bytes = text.bytes();
    let mut out = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'+' if plus => b' ',
            b'%' => {
                let digit = |byte: u8| char::from(byte).to_digit(16);
                let (high, low) = (digit(bytes.next()?)?, digit(bytes.next()?)?);
                u8::try_from(high * 16 + low).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(out).ok()
}
