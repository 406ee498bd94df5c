//! JSON has one kind of number, and each reader decides how many digits it keeps. `as_u64` returns the digits as a
//! whole number, so nothing is rounded. It is `None` for a fraction, an exponent or a minus sign, and for a number
//! above `u64::MAX`, which `serde_json` keeps in an `f64`. A JavaScript reader would round an id above
//! `SAFE`, so it is written as a string. A string is accepted for the same reason, but only if it has nothing but
//! digits, because `parse` would accept `+17`.

use serde_json::{Value, json};

// Given in given.rs, beside this file: `SAFE`.
pub use super::given::*;

/// Reads the id of a user.
pub fn read(text: &str) -> Option<u64> {
    let value: Value = serde_json::from_str(text).ok()?;
    match value.get("user")? {
        Value::Number(number) => number.as_u64(),
        Value::String(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            digits.parse().ok()
        }
        _ => None,
    }
}

/// Writes it for readers in any language.
pub fn write(user: u64) -> String {
    if user > SAFE {
        return json!({ "user": user.to_string() }).to_string();
    }
    json!({ "user": user }).to_string()
}
