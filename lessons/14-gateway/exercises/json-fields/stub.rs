use serde_json::{Value, json};

// Given in given.rs, beside this file: `Star`, `CLASSES`, `Wrong`, `wrong`, `read_integer`, `read_double`, `read_class`,
// `read_string`, `class_name`.
pub use super::given::*;

/// Writes a star by the JSON mapping of protobuf.
pub fn to_json(star: &Star) -> Value {
    json!({
        "catalogue_id": star.catalogue_id.to_string(),
        "photons": star.photons.to_string(),
        "magnitude": double(star.magnitude),
        "class": class(star.class),
        "name": star.name,
    })
}

/// Writes a double: as a number, or as one of the strings `"NaN"`, `"Infinity"` and `"-Infinity"`.
fn double(value: f64) -> Value {
    json!(value)
}

/// Writes the number of a class: as its name, or as the number if it has no name here.
fn class(number: i32) -> Value {
    json!(number)
}

/// Reads a star by the JSON mapping of protobuf.
///
/// * The member of `catalogue_id` is written as `catalogueId`. Both names are read.
/// * A member that is missing or `null` leaves the field at its default.
/// * A member that a star does not have is an error, with its name.
/// * JSON that is no object is an error with an empty name.
pub fn from_json(json: &Value) -> Result<Star, Wrong> {
    let mut star = Star::default();
    if let Some(value) = json.get("catalogue_id") {
        star.catalogue_id = read_integer("catalogue_id", value)?;
    }
    Ok(star)
}
