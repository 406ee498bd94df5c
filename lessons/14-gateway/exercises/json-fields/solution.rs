//! The mapping is generous in form, and strict in sense. Both names of a field are read, and the name or the number of an
//! enum. A member that does not exist is an error that names it: a reader that skips it computes with a default, and the
//! sender does not learn of its typing error. JSON has no infinite number, so `serde_json` would write `null`.

use serde_json::{Value, json};

// Given in given.rs, beside this file: `Star`, `CLASSES`, `Wrong`, `wrong`, `read_integer`, `read_double`, `read_class`,
// `read_string`, `class_name`.
pub use super::given::*;

/// Writes a star by the JSON mapping of protobuf.
pub fn to_json(star: &Star) -> Value {
    json!({
        "catalogueId": star.catalogue_id.to_string(),
        "photons": star.photons.to_string(),
        "magnitude": double(star.magnitude),
        "class": class(star.class),
        "name": star.name,
    })
}

/// Writes a double: as a number, or as one of the strings `"NaN"`, `"Infinity"` and `"-Infinity"`.
fn double(value: f64) -> Value {
    match value {
        f64::INFINITY => json!("Infinity"),
        f64::NEG_INFINITY => json!("-Infinity"),
        _ if value.is_nan() => json!("NaN"),
        _ => json!(value),
    }
}

/// Writes the number of a class: as its name, or as the number if it has no name here.
fn class(number: i32) -> Value {
    class_name(number).map_or(json!(number), |name| json!(name))
}

/// Reads a star by the JSON mapping of protobuf.
pub fn from_json(json: &Value) -> Result<Star, Wrong> {
    let members = json.as_object().ok_or_else(|| wrong("", "not an object"))?;
    let mut star = Star::default();
    for (field, value) in members.iter().filter(|(_, value)| !value.is_null()) {
        match field.as_str() {
            "catalogueId" | "catalogue_id" => star.catalogue_id = read_integer(field, value)?,
            "photons" => star.photons = read_integer(field, value)?,
            "magnitude" => star.magnitude = read_double(field, value)?,
            "class" => star.class = read_class(field, value)?,
            "name" => star.name = read_string(field, value)?,
            _ => return Err(wrong(field, "a star has no such field")),
        }
    }
    Ok(star)
}
