//! belief: a-number-is-written-as-a-number
//! words: A number is always written as a number.
//! check: what_is_written_can_be_read
//! says: written as a string

use serde_json::{Value, json};

pub const SAFE: u64 = 9_007_199_254_740_991;

pub fn read(text: &str) -> Option<u64> {
    let value: Value = serde_json::from_str(text).ok()?;
    value.get("ticket")?.as_u64()
}

pub fn write(ticket: u64) -> String {
    if ticket > SAFE {
        return json!({ "ticket": ticket.to_string() }).to_string();
    }
    json!({ "ticket": ticket }).to_string()
}
