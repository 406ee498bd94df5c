//! JSON as Consul reads it, refused in the words of Go's decoder.
//!
//! serde's derive would do half of this, but not these three: a name matches in any case and with or
//! without underscores (`TTL`, `ttl`, `enable_tag_override`), a duration is a text or a number of
//! nanoseconds, and the words of a refusal are part of what clients know Consul by.

mod broken;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::duration;

/// A refusal, in words, and the member that it is about, to find its line in a file.
#[derive(Debug, PartialEq)]
#[expect(missing_docs, reason = "said above")]
pub struct Wrong {
    pub words: String,
    pub member: String,
}

impl Wrong {
    /// A refusal that is about the whole.
    pub fn whole(words: impl Into<String>) -> Wrong {
        Wrong {
            words: words.into(),
            member: String::new(),
        }
    }
}

/// Reads the first JSON value of `bytes`; what follows it is not looked at, as in Consul.
pub fn value(bytes: &[u8]) -> Result<Value, Wrong> {
    let text = String::from_utf8_lossy(bytes);
    let mut values = serde_json::Deserializer::from_str(&text).into_iter::<Value>();
    match values.next() {
        None => Err(Wrong::whole("EOF")),
        Some(Ok(value)) => Ok(value),
        Some(Err(error)) if error.is_eof() => Err(Wrong::whole("unexpected EOF")),
        Some(Err(error)) => Err(Wrong::whole(broken::words(&text, &error))),
    }
}

/// The members of an object, taken out one by one; what is left at the end is unknown.
#[derive(Debug)]
pub struct Fields {
    place: Place,
    // By their plain names, with the spelling that was used.
    members: BTreeMap<String, (String, Value)>,
}

/// How Go names the place of a wrong type.
#[derive(Clone, Debug)]
pub enum Place {
    /// The member's name follows: `.Port`.
    Within(&'static str),
    /// The whole has one name, whatever member was wrong: `.Check`. So it is for a type that brings its
    /// own decoder.
    Is(&'static str),
}

/// A name without case and underscores.
fn plain(name: &str) -> String {
    name.chars()
        .filter(|c| *c != '_')
        .flat_map(char::to_lowercase)
        .collect()
}

impl Fields {
    /// The members of `value`; `null` has none, and anything but an object is refused.
    pub fn of(value: Value, place: Place, go_type: &str) -> Result<Fields, Wrong> {
        let map = match value {
            Value::Object(map) => map,
            Value::Null => Map::new(),
            other => {
                return Err(Wrong::whole(match &place {
                    Place::Within(_) => {
                        let kind = kind(&other);
                        format!("json: cannot unmarshal {kind} into Go value of type {go_type}")
                    }
                    Place::Is(name) => unmarshal(&kind(&other), name, go_type),
                }));
            }
        };
        let members = map
            .into_iter()
            .map(|(name, value)| (plain(&name), (name, value)))
            .collect();
        Ok(Fields { place, members })
    }

    /// Takes a member as it is. `null` counts as absent.
    pub fn take(&mut self, name: &str) -> Option<Value> {
        let (_, value) = self.members.remove(&plain(name))?;
        Some(value).filter(|value| !value.is_null())
    }

    /// Takes a text; absent is empty.
    pub fn text(&mut self, name: &str) -> Result<String, Wrong> {
        match self.take(name) {
            None => Ok(String::new()),
            Some(Value::String(text)) => Ok(text),
            Some(other) => Err(self.wrong(name, &kind(&other), "string")),
        }
    }

    /// Takes yes or no; absent is no.
    pub fn flag(&mut self, name: &str) -> Result<bool, Wrong> {
        match self.take(name) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(flag),
            Some(other) => Err(self.wrong(name, &kind(&other), "bool")),
        }
    }

    /// Takes a whole number, if there is one.
    pub fn whole(&mut self, name: &str) -> Result<Option<i64>, Wrong> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Number(number)) => match number.as_i64() {
                Some(number) => Ok(Some(number)),
                None => Err(self.wrong(name, &format!("number {number}"), "int")),
            },
            Some(other) => Err(self.wrong(name, &kind(&other), "int")),
        }
    }

    /// Takes a list; absent is empty.
    pub fn list(&mut self, name: &str, go_type: &str) -> Result<Vec<Value>, Wrong> {
        match self.take(name) {
            None => Ok(Vec::new()),
            Some(Value::Array(list)) => Ok(list),
            Some(other) => Err(self.wrong(name, &kind(&other), go_type)),
        }
    }

    /// Takes a list of texts.
    pub fn texts(&mut self, name: &str) -> Result<Vec<String>, Wrong> {
        let list = self.list(name, "[]string")?;
        list.into_iter().map(|item| self.item(name, item)).collect()
    }

    /// Takes an object whose members are all texts.
    pub fn map(&mut self, name: &str) -> Result<BTreeMap<String, String>, Wrong> {
        let map = self.object(name, "map[string]string")?;
        map.into_iter()
            .map(|(key, item)| Ok((key, self.item(name, item)?)))
            .collect()
    }

    /// Takes an object whose members are lists of texts: the headers of a check.
    pub fn lists(&mut self, name: &str) -> Result<BTreeMap<String, Vec<String>>, Wrong> {
        let map = self.object(name, "map[string][]string")?;
        let mut lists = BTreeMap::new();
        for (key, value) in map {
            let Value::Array(list) = value else {
                return Err(self.wrong(name, &kind(&value), "[]string"));
            };
            let list: Result<_, _> = list.into_iter().map(|item| self.item(name, item)).collect();
            lists.insert(key, list?);
        }
        Ok(lists)
    }

    /// Takes an object; absent is empty.
    pub fn object(&mut self, name: &str, go_type: &str) -> Result<Map<String, Value>, Wrong> {
        match self.take(name) {
            None => Ok(Map::new()),
            Some(Value::Object(map)) => Ok(map),
            Some(other) => Err(self.wrong(name, &kind(&other), go_type)),
        }
    }

    /// Takes a duration: a text such as `10s`, or a number of nanoseconds. Consul leaves any other
    /// kind of value out of account, and so does this.
    pub fn duration(&mut self, name: &str) -> Result<Duration, Wrong> {
        match self.take(name) {
            Some(Value::String(text)) => duration::parse(&text).map_err(|words| Wrong {
                words,
                member: name.to_owned(),
            }),
            Some(Value::Number(nanos)) => {
                Ok(nanos.as_u64().map(Duration::from_nanos).unwrap_or_default())
            }
            _ => Ok(Duration::ZERO),
        }
    }

    /// Refuses the first member that nobody took.
    pub fn end(self) -> Result<(), Wrong> {
        match self.members.into_values().next() {
            None => Ok(()),
            Some((name, _)) => Err(Wrong {
                words: format!("json: unknown field {name:?}"),
                member: name,
            }),
        }
    }

    fn item(&self, name: &str, item: Value) -> Result<String, Wrong> {
        match item {
            Value::String(text) => Ok(text),
            Value::Null => Ok(String::new()),
            other => Err(self.wrong(name, &kind(&other), "string")),
        }
    }

    fn wrong(&self, name: &str, kind: &str, go_type: &str) -> Wrong {
        let place = match &self.place {
            Place::Within(owner) => format!("{owner}.{name}"),
            Place::Is(place) => (*place).to_owned(),
        };
        Wrong {
            words: unmarshal(kind, &place, go_type),
            member: name.to_owned(),
        }
    }
}

fn unmarshal(kind: &str, place: &str, go_type: &str) -> String {
    format!("json: cannot unmarshal {kind} into Go struct field {place} of type {go_type}")
}

fn kind(value: &Value) -> String {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_found_in_any_spelling() {
        let value = value(br#"{"enable_tag_override":true,"PORT":5,"ttl":"5s"}"#).unwrap();
        let mut fields = Fields::of(value, Place::Within(""), "T").unwrap();
        assert_eq!(fields.flag("EnableTagOverride"), Ok(true));
        assert_eq!(fields.whole("Port"), Ok(Some(5)));
        assert_eq!(fields.duration("TTL"), Ok(Duration::from_secs(5)));
        assert_eq!(fields.end(), Ok(()));
    }

    #[test]
    fn a_wrong_type_names_the_member() {
        let value = value(br#"{"Port":"80","Foo":1}"#).unwrap();
        let mut fields = Fields::of(value, Place::Within(""), "T").unwrap();
        assert_eq!(
            fields.whole("Port").unwrap_err().words,
            "json: cannot unmarshal string into Go struct field .Port of type int"
        );
        assert_eq!(
            fields.end().unwrap_err().words,
            "json: unknown field \"Foo\""
        );
    }
}
