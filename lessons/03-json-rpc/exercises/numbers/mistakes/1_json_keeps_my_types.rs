//! belief: json-keeps-my-types
//! words: JSON keeps my types.
//! check: large_numbers_keep_their_digits
//! says: it went through f64

use serde_json::{Value, json};

pub const SAFE: u64 = 9_007_199_254_740_991;

pub fn read(text: &str) -> Option<u64> {
    let value: Value = serde_json::from_str(text).ok()?;
    match value.get("ticket")? {
        Value::String(digits) => digits.parse().ok(),
        ticket => ticket.as_f64().map(|ticket| ticket as u64),
    }
}

pub fn write(ticket: u64) -> String {
    if ticket > SAFE {
        return json!({ "ticket": ticket.to_string() }).to_string();
    }
    json!({ "ticket": ticket }).to_string()
}
