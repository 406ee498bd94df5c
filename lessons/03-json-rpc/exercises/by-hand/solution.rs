//! JSON is a grammar, not a pattern: white space, the order of members and the many ways to write
//! one letter mean nothing, and only a parser knows all of them. The text becomes a `Value` first, and
//! the questions are asked about that; so "no JSON" and "JSON, but no order" stay two answers, and
//! members that we do not know do not matter. Written text goes through `serde_json` as well: a title
//! with a quote in it would otherwise end the string early, and the rest would be read as JSON.
//! (`#[derive(Deserialize)]` reads the same order in fewer lines; its errors name the member in words.)

use serde_json::{Value, json};

// Given in given.rs, beside this file: `Order`, `Refused`.
pub use super::given::*;

/// Reads an order.
pub fn read(text: &str) -> Result<Order, Refused> {
    let value: Value = serde_json::from_str(text).map_err(|_| Refused::NotJson)?;
    // On a value that is no object, `get` finds nothing: a member is missing.
    let film = value.get("film").and_then(Value::as_str);
    let seats = value.get("seats").and_then(Value::as_array);
    let seats = seats.ok_or(Refused::Member("seats"));
    let note = match value.get("note") {
        None | Some(Value::Null) => None,
        Some(Value::String(note)) => Some(note.clone()),
        Some(_) => return Err(Refused::Member("note")),
    };
    Ok(Order {
        film: film.ok_or(Refused::Member("film"))?.to_string(),
        seats: seats?
            .iter()
            .map(seat)
            .collect::<Option<_>>()
            .ok_or(Refused::Member("seats"))?,
        note,
    })
}

/// A seat is a whole number that fits.
fn seat(value: &Value) -> Option<u32> {
    value.as_u64()?.try_into().ok()
}

/// Confirms an order.
pub fn confirm(order: &Order) -> String {
    json!({"booked": order.film, "count": order.seats.len()}).to_string()
}
