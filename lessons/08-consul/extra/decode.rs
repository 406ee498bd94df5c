//! JSON as Consul reads it.
//!
//! serde's derive would do half of this, but not these: a name matches in any case and with or without
//! underscores (`TTL`, `ttl`, `enable_tag_override`), `null` is as good as absent, and a duration is a
//! text or a number of nanoseconds.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value};

use super::duration;
use crate::refused::Refused;

/// Reads the first JSON value of `bytes`; what follows it is not looked at, as in Consul.
///
/// # Errors
/// 400, if there is none.
pub fn value(bytes: &[u8]) -> Result<Value, Refused> {
    let text = String::from_utf8_lossy(bytes);
    let mut values = serde_json::Deserializer::from_str(&text).into_iter();
    match values.next() {
        None => Err(Refused::decode("EOF")),
        Some(value) => value.map_err(Refused::decode),
    }
}

/// The members of an object, taken out one by one; what is left at the end is unknown.
#[derive(Debug)]
pub struct Fields {
    // By their plain names, with the spelling that was used.
    members: BTreeMap<String, (String, Value)>,
}

/// A name without case and underscores.
pub fn plain(name: &str) -> String {
    name.replace('_', "").to_lowercase()
}

impl Fields {
    /// The members of `value`. `null` has none.
    ///
    /// # Errors
    /// 400 for anything but an object.
    pub fn of(value: Value) -> Result<Fields, Refused> {
        let map = match value {
            Value::Object(map) => map,
            Value::Null => Map::new(),
            other => return Err(wrong(&other, "an object")),
        };
        let members = map.into_iter();
        let members = members.map(|(name, value)| (plain(&name), (name, value)));
        let members = members.collect();
        Ok(Fields { members })
    }

    /// Takes a member. Absent and `null` are what Go has in a member that is not set.
    ///
    /// # Errors
    /// 400, with the name of the member, if it is of another type.
    pub fn get<T: Member>(&mut self, name: &str) -> Result<T, Refused> {
        match self.take(name) {
            None => Ok(T::default()),
            Some(value) => T::read(value).map_err(|refused| refused.at(name)),
        }
    }

    /// Takes a member as it is, if it is there.
    pub fn take(&mut self, name: &str) -> Option<Value> {
        let (_, value) = self.members.remove(&plain(name))?;
        Some(value).filter(|value| !value.is_null())
    }

    /// Refuses the first member that was not taken.
    ///
    /// # Errors
    /// 400, with its name.
    pub fn end(self) -> Result<(), Refused> {
        match self.members.into_values().next() {
            None => Ok(()),
            Some((name, _)) => {
                Err(Refused::decode(format!("json: unknown field {name:?}")).at(&name))
            }
        }
    }
}

/// A type that a member of an object can have.
pub trait Member: Default {
    /// Reads it.
    ///
    /// # Errors
    /// 400, if it is of another type.
    fn read(value: Value) -> Result<Self, Refused>;
}

impl Member for String {
    fn read(value: Value) -> Result<String, Refused> {
        match value {
            Value::String(text) => Ok(text),
            Value::Null => Ok(String::new()),
            other => Err(wrong(&other, "a text")),
        }
    }
}

impl Member for bool {
    fn read(value: Value) -> Result<bool, Refused> {
        value
            .as_bool()
            .ok_or_else(|| wrong(&value, "true or false"))
    }
}

impl Member for i64 {
    fn read(value: Value) -> Result<i64, Refused> {
        value
            .as_i64()
            .ok_or_else(|| wrong(&value, "a whole number"))
    }
}

/// Whatever it is.
impl Member for Value {
    fn read(value: Value) -> Result<Value, Refused> {
        Ok(value)
    }
}

/// A text such as `10s`, or a number of nanoseconds. Consul leaves any other kind out of account.
impl Member for Duration {
    fn read(value: Value) -> Result<Duration, Refused> {
        match value {
            Value::String(text) => duration::parse(&text).map_err(Refused::decode),
            other => Ok(other.as_u64().map_or(Duration::ZERO, Duration::from_nanos)),
        }
    }
}

impl<T: Member> Member for Vec<T> {
    fn read(value: Value) -> Result<Vec<T>, Refused> {
        match value {
            Value::Array(list) => list.into_iter().map(T::read).collect(),
            other => Err(wrong(&other, "a list")),
        }
    }
}

impl<T: Member> Member for BTreeMap<String, T> {
    fn read(value: Value) -> Result<BTreeMap<String, T>, Refused> {
        match value {
            Value::Object(map) => {
                let items = map.into_iter();
                items.map(|(key, item)| Ok((key, T::read(item)?))).collect()
            }
            other => Err(wrong(&other, "an object")),
        }
    }
}

/// Returns whether this is the value of a Go member that is not set.
pub(crate) fn is_zero(value: &Value) -> bool {
    match value {
        Value::String(text) => ["", "0", "0s"].contains(&text.as_str()),
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::Array(list) => list.is_empty(),
        Value::Object(members) => members.is_empty(),
        other => *other == Value::Bool(false) || other.is_null(),
    }
}

fn wrong(found: &Value, wanted: &str) -> Refused {
    let found = match found {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    Refused::decode(format!("json: {found}, where {wanted} is needed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(json: &str) -> Fields {
        Fields::of(value(json.as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn members_are_found_in_any_spelling() {
        let mut fields = fields(r#"{"enable_tag_override":true,"PORT":5,"ttl":"5s"}"#);
        assert_eq!(fields.get("EnableTagOverride"), Ok(true));
        assert_eq!(fields.get("Port"), Ok(5));
        assert_eq!(fields.get("TTL"), Ok(Duration::from_secs(5)));
        assert_eq!(fields.end(), Ok(()));
    }

    #[test]
    fn a_wrong_type_names_the_member() {
        let mut fields = fields(r#"{"Port":"80","Foo":1}"#);
        let refused = fields.get::<i64>("Port").unwrap_err();
        assert_eq!((refused.status, refused.member.as_str()), (400, "Port"));
        let refused = fields.end().unwrap_err();
        assert_eq!((refused.status, refused.member.as_str()), (400, "Foo"));
        assert!(
            refused.words.ends_with("unknown field \"Foo\""),
            "{refused:?}"
        );
    }

    #[test]
    fn broken_json_is_refused_and_never_a_panic() {
        for json in [
            "",
            "{",
            r#"{"Name" "n"}"#,
            r#"["a" 5]"#,
            "{Name:1}",
            "é",
            "{é",
            "[1é",
            "\"\\ué\"",
            "nulé",
            "\"\\é",
            "\0",
            "[\n\u{2028}é",
        ] {
            assert_eq!(value(json.as_bytes()).unwrap_err().status, 400, "{json}");
        }
    }
}
