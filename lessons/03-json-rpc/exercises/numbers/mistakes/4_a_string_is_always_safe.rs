//! belief: a-string-is-always-safe
//! words: A string can hurt nobody.
//! check: small_numbers_stay_numbers
//! says: stays a number

use serde_json::{Value, json};

pub const SAFE: u64 = 0;

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

pub fn write(ticket: u64) -> String {
    json!({ "ticket": ticket.to_string() }).to_string()
}
