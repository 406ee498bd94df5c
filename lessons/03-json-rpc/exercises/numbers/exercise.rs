use serde_json::{Value, json};

/// The largest whole number below which an `f64` can hold every other one: 2^53 - 1.
pub const SAFE: u64 = 9_007_199_254_740_991;

/// Reads the number of a ticket out of `{"ticket":17}`.
///
/// It is a whole number from 0 to `u64::MAX`, written as a number or as a string of digits,
/// `{"ticket":"17"}`. Anything else is `None`: a ticket that is nearly right belongs to somebody else.
pub fn read(text: &str) -> Option<u64> {
    let value: Value = serde_json::from_str(text).ok()?;
    let ticket = value.get("ticket")?.as_f64()?;
    ticket.to_string().parse().ok()
}

/// Writes such a text, for readers in any language. Some of them keep every number in an `f64`: what
/// that may change, any number above `SAFE`, is written as a string. All others stay numbers.
pub fn write(ticket: u64) -> String {
    json!({ "ticket": ticket }).to_string()
}
