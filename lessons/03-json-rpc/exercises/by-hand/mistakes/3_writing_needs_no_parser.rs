//! belief: writing-needs-no-parser
//! words: Reading JSON needs a library, writing it does not.
//! check: what_is_written_is_json
//! says: was not written as JSON

use serde_json::Value;

/// An order at a cinema, as it was understood.
#[derive(Debug, PartialEq)]
pub struct Order {
    pub film: String,
    pub seats: Vec<u32>,
    /// Not every order has one.
    pub note: Option<String>,
}

/// Why a text is no order.
#[derive(Debug, PartialEq)]
pub enum Refused {
    /// The text is no JSON at all.
    NotJson,
    /// It is JSON, but this member is not there, or its value has the wrong type.
    Member(&'static str),
}

/// Reads an order.
pub fn read(text: &str) -> Result<Order, Refused> {
    let value: Value = serde_json::from_str(text).map_err(|_| Refused::NotJson)?;
    let film = value.get("film").and_then(Value::as_str);
    let seats = value.get("seats").and_then(Value::as_array);
    let seats = seats.ok_or(Refused::Member("seats"));
    let note = match value.get("note") {
        None | Some(Value::Null) => None,
        Some(Value::String(note)) => Some(note.clone()),
        Some(_) => return Err(Refused::Member("note")),
    };
    let seat = |value: &Value| u32::try_from(value.as_u64()?).ok();
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

/// Confirms an order: `{"booked":"Metropolis","count":2}`.
pub fn confirm(order: &Order) -> String {
    format!(
        "{{\"booked\":\"{}\",\"count\":{}}}",
        order.film,
        order.seats.len()
    )
}
