//! JSON has numbers, and no types: how many digits of them survive is a matter of who reads. `as_u64`
//! takes the digits as a whole number and says `None` where they are none, so nothing is rounded on
//! the way in; a number that is too large has become an `f64` inside `serde_json`, and is refused for
//! that. On the way out, what JavaScript and others would round is written as a string, and a string
//! of digits is accepted, because a peer with the same worry sends one. Only digits: `u64`'s `parse`
//! would let `+17` through.

use serde_json::{Value, json};

/// The largest whole number below which an `f64` can hold every other one: 2^53 - 1.
pub const SAFE: u64 = 9_007_199_254_740_991;

/// Reads the number of a ticket.
pub fn read(text: &str) -> Option<u64> {
    let value: Value = serde_json::from_str(text).ok()?;
    match value.get("ticket")? {
        Value::Number(number) => number.as_u64(),
        Value::String(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            digits.parse().ok()
        }
        _ => None,
    }
}

/// Writes it for readers in any language.
pub fn write(ticket: u64) -> String {
    if ticket > SAFE {
        return json!({ "ticket": ticket.to_string() }).to_string();
    }
    json!({ "ticket": ticket }).to_string()
}
