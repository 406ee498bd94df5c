//! The query parameters of a GET: every field whose value is one text; the fields of messages inside have
//! points in their names.

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Value as Json, json};

use super::message::{key, single};
use super::{Side, Types};
use crate::gateway::transcode::is_text;

/// So many parameters; more can be sent with POST.
const MOST: usize = 200;
/// So many messages inside of each other are looked into.
const DEPTH: usize = 8;

/// The parameters for a message of this type.
pub fn of(types: &mut Types, service: &str, desc: &MessageDescriptor) -> Json {
    let mut all = Vec::new();
    add(types, service, desc, "", &mut Vec::new(), &mut all);
    Json::Array(all)
}

fn add(
    types: &mut Types,
    service: &str,
    desc: &MessageDescriptor,
    before: &str,
    inside_of: &mut Vec<String>,
    all: &mut Vec<Json>,
) {
    // A type can have itself inside, or another one that has another one inside, and so on.
    if inside_of.len() >= DEPTH || inside_of.iter().any(|name| name == desc.full_name()) {
        return;
    }
    inside_of.push(desc.full_name().to_string());
    for field in desc.fields() {
        if all.len() >= MOST {
            break;
        }
        let name = format!("{before}{}", field.json_name());
        // Of fields that exclude each other a list of parameters can only name one.
        let excluded = field.containing_oneof().is_some_and(|oneof| {
            oneof
                .fields()
                .next()
                .is_some_and(|first| first.number() != field.number())
        });
        if excluded {
            continue;
        }
        match field.kind() {
            kind @ Kind::Message(_) if !field.is_map() && !is_text(&kind) => {
                if let (false, Kind::Message(inner)) = (field.is_list(), kind)
                    && inner.full_name() != "google.protobuf.Any"
                {
                    add(types, service, &inner, &format!("{name}."), inside_of, all);
                }
            }
            _ => all.extend(one(types, service, &field, &name)),
        }
    }
    inside_of.pop();
}

fn one(types: &mut Types, service: &str, field: &FieldDescriptor, name: &str) -> Option<Json> {
    let mut parameter = json!({ "name": name, "in": "query" });
    if let (true, Kind::Message(entry)) = (field.is_map(), field.kind()) {
        let kind = entry.map_entry_value_field().kind();
        let values = is_text(&kind).then(|| single(types, service, Side::Input, &kind))?;
        let names = key(&entry.map_entry_key_field().kind());
        parameter["style"] = json!("deepObject");
        parameter["explode"] = json!(true);
        parameter["schema"] =
            json!({ "type": "object", "additionalProperties": values, "propertyNames": names });
    } else {
        let kind = field.kind();
        let value = single(types, service, Side::Input, &kind);
        if is_json(&kind) {
            // The parameter has a content and no schema.
            parameter["content"] = json!({ "application/json": { "schema": value } });
        } else if field.is_list() {
            parameter["schema"] = json!({ "type": "array", "items": value });
        } else {
            parameter["schema"] = value;
        }
    }
    let file = field.parent_message().parent_file();
    types.comments.add(&mut parameter, &file, field.path());
    Some(parameter)
}

/// A parameter that is JSON as a whole.
fn is_json(kind: &Kind) -> bool {
    let all = [
        "google.protobuf.Struct",
        "google.protobuf.ListValue",
        "google.protobuf.Value",
    ];
    matches!(kind, Kind::Message(desc) if all.contains(&desc.full_name()))
}
