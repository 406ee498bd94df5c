//! JSON as Consul reads it, refused in the words of Go's decoder.
//!
//! serde's derive would do half of this, but not these: a name matches in any case and with or without
//! underscores (`TTL`, `ttl`, `enable_tag_override`), a duration is a text or a number of nanoseconds,
//! and the words of a refusal are part of what clients know Consul by.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::duration;
use crate::refused::Refused;

/// Reads the first JSON value of `bytes`; what follows it is not looked at, as in Consul.
pub fn value(bytes: &[u8]) -> Result<Value, Refused> {
    let text = String::from_utf8_lossy(bytes);
    let mut values = serde_json::Deserializer::from_str(&text).into_iter();
    match values.next() {
        None => Err(Refused::decode("EOF")),
        Some(Ok(value)) => Ok(value),
        Some(Err(error)) if error.is_eof() => Err(Refused::decode("unexpected EOF")),
        Some(Err(error)) => Err(Refused::decode(broken(&text, &error))),
    }
}

/// serde finds the mistake; Go's words for it are these.
fn broken(text: &str, error: &serde_json::Error) -> String {
    let line = text.lines().nth(error.line().saturating_sub(1));
    let rest = line.and_then(|line| line.get(error.column().saturating_sub(1)..));
    let found = rest.and_then(|rest| rest.chars().next()).unwrap_or('\n');
    let said = error.to_string();
    let place = match said.split(" at line").next().unwrap_or("") {
        "key must be a string" => "looking for beginning of object key string",
        "trailing comma" if found != ']' => "looking for beginning of object key string",
        "expected `:`" => "after object key",
        "expected `,` or `}`" => "after object key:value pair",
        "expected `,` or `]`" => "after array element",
        "recursion limit exceeded" => return "exceeded max depth".into(),
        _ => "looking for beginning of value",
    };
    format!("invalid character {found:?} {place}")
}

/// The members of an object, taken out one by one; what is left at the end is unknown.
#[derive(Debug)]
pub struct Fields {
    place: Place,
    // By their plain names, with the spelling that was used.
    members: BTreeMap<String, (String, Value)>,
}

/// How Go names the place of a member with a wrong type.
#[derive(Clone, Copy, Debug)]
pub enum Place {
    /// The member's name follows: `.Port`.
    Within(&'static str),
    /// The whole has one name, whatever member was wrong: `.Check`. So it is for a type that brings its
    /// own decoder.
    Is(&'static str),
}

/// A name without case and underscores.
pub fn plain(name: &str) -> String {
    name.replace('_', "").to_lowercase()
}

impl Fields {
    /// The members of `value`, which is at `whole`, in members of its own at `place`. `null` has none,
    /// and anything but an object is refused.
    pub fn of(value: Value, whole: &str, place: Place, go_type: &str) -> Result<Fields, Refused> {
        let map = match value {
            Value::Object(map) => map,
            Value::Null => Map::new(),
            other => return Err(wrong(kind(&other), whole, go_type)),
        };
        let members = map.into_iter();
        let members = members.map(|(name, value)| (plain(&name), (name, value)));
        let members = members.collect();
        Ok(Fields { place, members })
    }

    /// Takes a member. Absent and `null` are what Go has in a member that nobody set.
    pub fn get<T: Member>(&mut self, name: &str) -> Result<T, Refused> {
        let place = self.place(name);
        match self.take(name) {
            None => Ok(T::default()),
            Some(value) => T::read(value, &place).map_err(|refused| refused.at(name)),
        }
    }

    /// Takes a list that Go has a name of its own for.
    pub fn list(&mut self, name: &str, go_type: &str) -> Result<Vec<Value>, Refused> {
        let place = self.place(name);
        match self.take(name) {
            None => Ok(Vec::new()),
            Some(Value::Array(list)) => Ok(list),
            Some(other) => Err(wrong(kind(&other), &place, go_type).at(name)),
        }
    }

    fn place(&self, name: &str) -> String {
        match self.place {
            Place::Within(owner) => match self.members.get(&plain(name)) {
                Some((spelt, _)) if spelt.contains('_') => format!("{owner}.{spelt}"),
                _ => format!("{owner}.{name}"),
            },
            Place::Is(place) => place.to_owned(),
        }
    }

    /// Takes a member as it is, if it is there.
    pub fn take(&mut self, name: &str) -> Option<Value> {
        let (_, value) = self.members.remove(&plain(name))?;
        Some(value).filter(|value| !value.is_null())
    }

    /// Refuses the first member that nobody took.
    pub fn end(self) -> Result<(), Refused> {
        match self.members.into_values().next() {
            None => Ok(()),
            Some((name, _)) => {
                Err(Refused::decode(format!("json: unknown field {name:?}")).at(&name))
            }
        }
    }
}

/// What a member can be.
pub trait Member: Default {
    /// Go's name for the type.
    fn go_type() -> String;
    /// Reads it; `place` is for the refusal.
    fn read(value: Value, place: &str) -> Result<Self, Refused>;
}

impl Member for String {
    fn go_type() -> String {
        "string".into()
    }

    fn read(value: Value, place: &str) -> Result<String, Refused> {
        match value {
            Value::String(text) => Ok(text),
            Value::Null => Ok(String::new()),
            other => Err(wrong(kind(&other), place, &String::go_type())),
        }
    }
}

impl Member for bool {
    fn go_type() -> String {
        "bool".into()
    }

    fn read(value: Value, place: &str) -> Result<bool, Refused> {
        let flag = value.as_bool();
        flag.ok_or_else(|| wrong(kind(&value), place, &bool::go_type()))
    }
}

impl Member for i64 {
    fn go_type() -> String {
        "int".into()
    }

    fn read(value: Value, place: &str) -> Result<i64, Refused> {
        let number = value.as_i64();
        number.ok_or_else(|| match &value {
            Value::Number(number) => wrong(&format!("number {number}"), place, &i64::go_type()),
            other => wrong(kind(other), place, &i64::go_type()),
        })
    }
}

/// Whatever it is.
impl Member for Value {
    fn go_type() -> String {
        "interface {}".into()
    }

    fn read(value: Value, _: &str) -> Result<Value, Refused> {
        Ok(value)
    }
}

/// A text such as `10s`, or a number of nanoseconds. Consul leaves any other kind out of account.
impl Member for Duration {
    fn go_type() -> String {
        Value::go_type()
    }

    fn read(value: Value, _: &str) -> Result<Duration, Refused> {
        match value {
            Value::String(text) => duration::parse(&text).map_err(Refused::decode),
            other => Ok(other.as_u64().map_or(Duration::ZERO, Duration::from_nanos)),
        }
    }
}

impl<T: Member> Member for Vec<T> {
    fn go_type() -> String {
        format!("[]{}", T::go_type())
    }

    fn read(value: Value, place: &str) -> Result<Vec<T>, Refused> {
        match value {
            Value::Array(list) => list.into_iter().map(|item| T::read(item, place)).collect(),
            other => Err(wrong(kind(&other), place, &Vec::<T>::go_type())),
        }
    }
}

impl<T: Member> Member for BTreeMap<String, T> {
    fn go_type() -> String {
        format!("map[string]{}", T::go_type())
    }

    fn read(value: Value, place: &str) -> Result<BTreeMap<String, T>, Refused> {
        match value {
            Value::Object(map) => {
                let items = map.into_iter();
                items
                    .map(|(key, item)| Ok((key, T::read(item, place)?)))
                    .collect()
            }
            other => Err(wrong(
                kind(&other),
                place,
                &BTreeMap::<String, T>::go_type(),
            )),
        }
    }
}

fn wrong(kind: &str, place: &str, go_type: &str) -> Refused {
    let place = match place {
        "" => "Go value".to_owned(),
        place => format!("Go struct field {place}"),
    };
    Refused::decode(format!(
        "json: cannot unmarshal {kind} into {place} of type {go_type}"
    ))
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(json: &str) -> Fields {
        let value = value(json.as_bytes()).unwrap();
        Fields::of(value, "", Place::Within(""), "T").unwrap()
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
        let words = fields.get::<i64>("Port").unwrap_err().words;
        assert!(
            words.ends_with("cannot unmarshal string into Go struct field .Port of type int"),
            "{words}"
        );
        let words = fields.end().unwrap_err().words;
        assert!(words.ends_with("json: unknown field \"Foo\""), "{words}");
    }

    #[test]
    fn broken_json_is_told_at_its_place() {
        for (json, expected) in [
            ("", "EOF"),
            ("{", "unexpected EOF"),
            (r#"{"Name" "n"}"#, "invalid character '\"' after object key"),
            (r#"["a" 5]"#, "invalid character '5' after array element"),
            (
                "{Name:1}",
                "invalid character 'N' looking for beginning of object key string",
            ),
        ] {
            let words = value(json.as_bytes()).unwrap_err().words;
            assert_eq!(
                words,
                format!("Request decode failed: {expected}"),
                "{json}"
            );
        }
        // Odd places are no place to panic at.
        for json in [
            "é",
            "{é",
            "[1é",
            "\"\\ué\"",
            "nulé",
            "\"\\é",
            "\0",
            "[\n\u{2028}é",
        ] {
            assert!(value(json.as_bytes()).is_err());
        }
    }
}
