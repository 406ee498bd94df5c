use serde_json::{Value, json};

// Given in given.rs, beside this file: `SAFE`.
pub use super::given::*;

/// Reads the id of a user from `{"user":17}`.
///
/// * It is a whole number from 0 to `u64::MAX`, written with digits only: as a number, or as a string,
///   `{"user":"17"}`.
/// * Everything else is `None`, also `17.0`, `1e3` and `"+17"`: an id that is nearly right is another user's.
pub fn read(text: &str) -> Option<u64> {
    let value: Value = serde_json::from_str(text).ok()?;
    let user = value.get("user")?.as_f64()?;
    user.to_string().parse().ok()
}

/// Writes such a text for readers in any language. Some of them keep every number in an `f64`, so an id above
/// `SAFE` is written as a string. Smaller ones, and `SAFE` itself, stay numbers.
pub fn write(user: u64) -> String {
    json!({ "user": user }).to_string()
}
