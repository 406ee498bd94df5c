//! JSON does not limit the size of a number, and most of its readers use doubles, which have 53 bits for digits. So the
//! mapping writes every integer of 64 bits as a string, also a small one: a reader knows the type before it sees the value.
//! Reading accepts both forms, and refuses what does not fit. `i128` holds all of int64 and uint64, so one function
//! reads both, and `try_from` says what fits.

use serde_json::{Number, Value, json};

// Given in given.rs, beside this file: `Wrong`.
pub use super::given::*;

/// Writes an integer of 64 bits by the JSON mapping of protobuf: always as a string.
pub fn write(integer: i128) -> Value {
    json!(integer.to_string())
}

/// Reads an integer of 64 bits by the JSON mapping of protobuf, as an `i64` or a `u64`.
pub fn read<T: TryFrom<i128>>(value: &Value) -> Result<T, Wrong> {
    let integer = match value {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => exact(number),
        _ => None,
    };
    T::try_from(integer.ok_or(Wrong::NoInteger)?).map_err(|_| Wrong::DoesNotFit)
}

/// The integer that a number is. The way through a double is only for one that was written with a point.
fn exact(number: &Number) -> Option<i128> {
    let signed = number.as_i64().map(i128::from);
    let integer = signed.or(number.as_u64().map(i128::from));
    integer.or_else(|| {
        let double = number.as_f64().filter(|double| double.fract() == 0.0)?;
        format!("{double:.0}").parse().ok()
    })
}
