//! The shape of JSON: which members an object has, and of what type.

use serde_json::Value;

/// Fails unless `value` is an object with exactly these members, each of its type:
/// `"ID:text Port:number Meta:object|null"`. A member more is a failure as well, because clients in
/// typed languages read what the real Consul sends and nothing else.
#[track_caller]
pub fn members(value: &Value, wanted: &str) {
    let Value::Object(object) = value else {
        panic!("an object was expected, not {value}");
    };
    let mut missing: Vec<&str> = Vec::new();
    let mut known = Vec::new();
    for member in wanted.split_whitespace() {
        let (name, types) = member.split_once(':').expect("NAME:TYPE");
        known.push(name);
        match object.get(name) {
            None => missing.push(name),
            Some(found) => assert!(
                types.split('|').any(|wanted| wanted == kind(found)),
                "{name} should be {types}, and is {found} in {value}"
            ),
        }
    }
    let more: Vec<_> = object
        .keys()
        .filter(|name| !known.contains(&name.as_str()))
        .collect();
    assert!(
        missing.is_empty() && more.is_empty(),
        "missing {missing:?}, unexpected {more:?} in {value:#}"
    );
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "text",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
    }
}

/// A list of texts, in order.
#[track_caller]
pub fn texts(value: &Value) -> Vec<String> {
    let list = value.as_array();
    let list = list.unwrap_or_else(|| panic!("a list was expected, not {value}"));
    list.iter()
        .map(|text| text.as_str().expect("a text").to_string())
        .collect()
}
