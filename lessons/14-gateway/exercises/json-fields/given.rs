//! What is given in this exercise: the answer uses it and does not change it.
#![allow(dead_code, reason = "the stub does not use all of it")]

use serde_json::Value;

/// A message, as a service has it:
///
/// ```proto
/// message Star {
///   int64 catalogue_id = 1;
///   uint64 photons = 2;
///   double magnitude = 3;
///   Class class = 4;
///   string name = 5;
/// }
/// enum Class { UNKNOWN = 0; DWARF = 1; GIANT = 2; }
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Star {
    pub catalogue_id: i64,
    pub photons: u64,
    pub magnitude: f64,
    /// The number of a class: one of [`CLASSES`], or one that this program does not know.
    pub class: i32,
    pub name: String,
}

/// The names of the classes. The place of a name is its number.
pub const CLASSES: [&str; 3] = ["UNKNOWN", "DWARF", "GIANT"];

/// What is wrong with some JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The name of the member as it was sent. Empty if the JSON is no object.
    pub field: String,
    /// In words.
    pub why: String,
}

/// An error about this member.
pub fn wrong(field: &str, why: &str) -> Wrong {
    Wrong {
        field: field.to_string(),
        why: why.to_string(),
    }
}

/// Reads an integer, from a string or a number, if it fits.
pub fn read_integer<T: TryFrom<i128>>(field: &str, value: &Value) -> Result<T, Wrong> {
    let integer: Option<i128> = match value {
        Value::String(text) => text.parse().ok(),
        number => (number.as_i64().map(i128::from)).or(number.as_u64().map(i128::from)),
    };
    let integer = integer.ok_or_else(|| wrong(field, "not an integer"))?;
    T::try_from(integer).map_err(|_| wrong(field, "does not fit"))
}

/// The name of a class, if its number has one here.
pub fn class_name(number: i32) -> Option<&'static str> {
    CLASSES.get(usize::try_from(number).ok()?).copied()
}

/// Reads a double: a number, or a string such as `"NaN"`.
pub fn read_double(field: &str, value: &Value) -> Result<f64, Wrong> {
    let double = match value {
        Value::String(text) => match text.as_str() {
            "NaN" => Some(f64::NAN),
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            text => text.parse().ok().filter(|double: &f64| double.is_finite()),
        },
        number => number.as_f64(),
    };
    double.ok_or_else(|| wrong(field, "not a number"))
}

/// Reads a class: its name, or its number.
pub fn read_class(field: &str, value: &Value) -> Result<i32, Wrong> {
    let Some(name) = value.as_str() else {
        return read_integer(field, value);
    };
    let place = CLASSES.iter().position(|known| *known == name);
    let number = place.and_then(|place| i32::try_from(place).ok());
    number.ok_or_else(|| wrong(field, "no such class"))
}

/// Reads a string.
pub fn read_string(field: &str, value: &Value) -> Result<String, Wrong> {
    let text = value.as_str().ok_or_else(|| wrong(field, "not a string"))?;
    Ok(text.to_string())
}
