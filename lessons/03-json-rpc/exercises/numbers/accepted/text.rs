//! Accepted: the number is compared with the digits that were written, without `match`.

use serde_json::Value;

// Given in given.rs, beside this file: `SAFE`.
pub use super::given::*;

/// Reads the id of a user.
pub fn read(text: &str) -> Option<u64> {
    let value: Value = serde_json::from_str(text).ok()?;
    let user = value.as_object()?.get("user")?;
    let digits = user
        .as_str()
        .map_or_else(|| user.to_string(), str::to_string);
    let number: u64 = digits.parse().ok()?;
    (number.to_string() == digits).then_some(number)
}

/// Writes it for readers in any language.
pub fn write(user: u64) -> String {
    let quote = if user <= SAFE { "" } else { "\"" };
    format!("{{\"user\": {quote}{user}{quote}}}")
}
