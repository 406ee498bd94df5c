//! belief: json-means-the-right-json
//! words: If it is JSON, it is an order.
//! check: wrong_orders_are_refused
//! says: able to cause one

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
    let seats = value["seats"].as_array().unwrap();
    Ok(Order {
        film: value["film"].as_str().unwrap().to_string(),
        seats: seats
            .iter()
            .map(|seat| u32::try_from(seat.as_u64().unwrap()).unwrap())
            .collect(),
        note: value["note"].as_str().map(str::to_string),
    })
}

/// Confirms an order.
pub fn confirm(order: &Order) -> String {
    json!({"booked": order.film, "count": order.seats.len()}).to_string()
}
