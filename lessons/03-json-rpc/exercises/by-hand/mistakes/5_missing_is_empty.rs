//! belief: missing-is-empty
//! words: What is missing is empty.
//! check: wrong_orders_are_refused
//! says: an order for nothing

use serde_json::{Value, json};

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
    let film = value["film"].as_str().unwrap_or_default();
    let seats = value["seats"].as_array().cloned().unwrap_or_default();
    let seat = |seat: &Value| u32::try_from(seat.as_u64()?).ok();
    Ok(Order {
        film: film.to_string(),
        seats: seats.iter().filter_map(seat).collect(),
        note: value["note"].as_str().map(str::to_string),
    })
}

/// Confirms an order.
pub fn confirm(order: &Order) -> String {
    json!({"booked": order.film, "count": order.seats.len()}).to_string()
}
