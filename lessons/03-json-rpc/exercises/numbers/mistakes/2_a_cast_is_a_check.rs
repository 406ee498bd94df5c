//! belief: a-cast-is-a-check
//! words: `as u64` makes a ticket of any number.
//! check: nearly_right_is_refused
//! says: belongs to somebody else

use serde_json::{Value, json};

pub const SAFE: u64 = 9_007_199_254_740_991;

pub fn read(text: &str) -> Option<u64> {
    let value: Value = serde_json::from_str(text).ok()?;
    match value.get("ticket")? {
        Value::String(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            digits.parse().ok()
        }
        ticket => {
            let whole = ticket.as_u64();
            let negative = ticket.as_i64().map(|ticket| ticket as u64);
            whole
                .or(negative)
                .or(ticket.as_f64().map(|ticket| ticket as u64))
        }
    }
}

pub fn write(ticket: u64) -> String {
    if ticket > SAFE {
        return json!({ "ticket": ticket.to_string() }).to_string();
    }
    json!({ "ticket": ticket }).to_string()
}
