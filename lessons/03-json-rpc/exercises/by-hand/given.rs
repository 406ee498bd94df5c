//! What is given in this exercise: the answer uses it and does not change it.

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
