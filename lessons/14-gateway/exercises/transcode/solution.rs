//! JSON says nothing about how large a number may be, and most who read it use doubles. So the mapping sends every
//! 64-bit integer as a string, also a small one: the reader has to know the type before he sees the value. Reading is
//! generous in form (text or number, both names, names or numbers of an enum) and strict in sense: what does not fit, and
//! what nobody knows, is an error that names the field as it was sent. `i128` holds all of int64 and uint64, so one
//! function reads both and `try_from` says what fits.

use serde_json::{Number, Value, json};

// Given in given.rs, beside this file: `Star`, `Class`, `Wrong`.
pub use super::given::*;

/// A star as JSON.
pub fn to_json(star: &Star) -> Value {
    json!({
        "catalogueId": star.catalogue_id.to_string(),
        "photons": star.photons.to_string(),
        "magnitude": double(star.magnitude),
        "class": class(star.class),
        "name": star.name,
    })
}

fn double(value: f64) -> Value {
    if value.is_nan() {
        json!("NaN")
    } else if value.is_infinite() {
        json!(if value > 0.0 { "Infinity" } else { "-Infinity" })
    } else {
        json!(value)
    }
}

fn class(number: i32) -> Value {
    let known = Class::ALL.iter().find(|(class, _)| *class as i32 == number);
    known.map_or(json!(number), |(_, name)| json!(name))
}

/// The other direction.
pub fn from_json(json: &Value) -> Result<Star, Wrong> {
    let members = json.as_object();
    let members = members.ok_or_else(|| wrong("", "a star is an object"))?;
    let mut star = Star::default();
    for (field, value) in members.iter().filter(|(_, value)| !value.is_null()) {
        match field.as_str() {
            "catalogueId" | "catalogue_id" => star.catalogue_id = whole(field, value)?,
            "photons" => star.photons = whole(field, value)?,
            "magnitude" => star.magnitude = read_double(field, value)?,
            "class" => star.class = read_class(field, value)?,
            "name" => {
                let text = value.as_str().ok_or_else(|| wrong(field, "not a text"))?;
                star.name = text.to_string();
            }
            _ => return Err(wrong(field, "a star has no such field")),
        }
    }
    Ok(star)
}

/// An integer, from a text or a number, if it fits.
fn whole<T: TryFrom<i128>>(field: &str, value: &Value) -> Result<T, Wrong> {
    let whole = match value {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => exact(number),
        _ => None,
    };
    let whole: i128 = whole.ok_or_else(|| wrong(field, "not an integer"))?;
    T::try_from(whole).map_err(|_| wrong(field, "does not fit"))
}

/// An integer without a way through a double, unless it was written as one.
fn exact(number: &Number) -> Option<i128> {
    let signed = number.as_i64().map(i128::from);
    let whole = signed.or(number.as_u64().map(i128::from));
    whole.or_else(|| {
        let text = format!("{:.0}", number.as_f64().filter(|f| f.fract() == 0.0)?);
        text.parse().ok()
    })
}

fn read_double(field: &str, value: &Value) -> Result<f64, Wrong> {
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

fn read_class(field: &str, value: &Value) -> Result<i32, Wrong> {
    let Some(name) = value.as_str() else {
        return whole(field, value);
    };
    let known = Class::ALL.iter().find(|(_, its_name)| *its_name == name);
    let known = known.map(|(class, _)| *class as i32);
    known.ok_or_else(|| wrong(field, "no such class"))
}

fn wrong(field: &str, why: &str) -> Wrong {
    Wrong {
        field: field.to_string(),
        why: why.to_string(),
    }
}
