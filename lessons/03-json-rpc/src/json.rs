//! A strict JSON parser on `serde_json`. `serde_json` alone keeps the last of two members with one name, and
//! other parsers keep the first. Two programs that differ in this read two requests in one text, and attacks
//! have used that. So a duplicate member is an error here.
//!
//! `serde_json` itself refuses nesting deeper than 128, which would endanger the stack, and numbers that no
//! `f64` can hold.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Why a text is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// The text is not JSON: a comma too many, invalid UTF-8, nested too deep, a number too large for `f64`.
    Syntax,
    /// An object has two members with one name.
    Duplicate,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Broken::Syntax => "this is not JSON",
            Broken::Duplicate => "two members of an object have one name",
        })
    }
}

impl std::error::Error for Broken {}

/// One value, and nothing after it but white space.
///
/// # Errors
/// See [`Broken`].
pub fn parse(bytes: &[u8]) -> Result<Value, Broken> {
    match serde_json::from_slice::<Strict>(bytes) {
        Ok(Strict(value)) => Ok(value),
        // `serde_json` classifies our own error as data, and all others as syntax or end of input.
        Err(error) if error.is_data() => Err(Broken::Duplicate),
        Err(_) => Err(Broken::Syntax),
    }
}

/// A value without duplicate members.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Visit).map(Strict)
    }
}

struct Visit;

impl<'de> Visitor<'de> for Visit {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    // ANCHOR: visit
    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some((name, Strict(value))) = members.next_entry::<String, Strict>()? {
            if map.insert(name, value).is_some() {
                return Err(A::Error::custom(Broken::Duplicate));
            }
        }
        Ok(Value::Object(map))
    }
    // ANCHOR_END: visit

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Strict(value)) = items.next_element()? {
            list.push(value);
        }
        Ok(Value::Array(list))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_what_serde_json_makes_of_them() {
        let text = r#"{"a":[1,-2,3.5,true,null,"\u4f60",{}],"b":18446744073709551615}"#;
        let expected = json!({"a": [1, -2, 3.5, true, null, "你", {}], "b": u64::MAX});
        assert_eq!(parse(text.as_bytes()), Ok(expected));
    }

    #[test]
    fn a_duplicate_member_is_refused_at_any_depth() {
        assert_eq!(parse(br#"{"id":1,"id":2}"#), Err(Broken::Duplicate));
        assert_eq!(
            parse(br#"[{"x":{"a":1,"\u0061":1}}]"#),
            Err(Broken::Duplicate)
        );
        assert!(parse(br#"[{"a":1},{"a":1}]"#).is_ok());
    }

    #[test]
    fn a_syntax_error_is_reported_as_one() {
        let deep = "[".repeat(100_000);
        let nested = "[".repeat(200) + &"]".repeat(200);
        for text in ["", "{", "{}x", "1e999", "nul", "'a'", &deep, &nested] {
            assert_eq!(parse(text.as_bytes()), Err(Broken::Syntax), "{text:.20}");
        }
        assert_eq!(parse(b"\"\xff\""), Err(Broken::Syntax));
    }
}
