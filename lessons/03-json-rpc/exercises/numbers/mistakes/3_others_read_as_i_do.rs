//! belief: others-read-as-i-do
//! words: What I can read back, everybody can.
//! check: readers_with_f64_get_a_string
//! says: rounds it

use serde_json::{Value, json};

pub const SAFE: u64 = 9_007_199_254_740_991;

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
    json!({ "ticket": ticket }).to_string()
}
