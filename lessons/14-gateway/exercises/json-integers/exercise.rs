use serde_json::{Value, json};

// Given in given.rs, beside this file: `Wrong`.
pub use super::given::*;

/// Writes an integer of 64 bits by the JSON mapping of protobuf: always as a string.
///
/// `i128` holds each int64 and each uint64.
pub fn write(integer: i128) -> Value {
    json!(integer as f64)
}

/// Reads an integer of 64 bits by the JSON mapping of protobuf, as an `i64` or a `u64`.
///
/// * A string of digits is read, and a number as well. Its digits are exact, also where a double has not enough bits.
/// * `5.0` is the integer 5. `1.5`, `true` and `"five"` are [`Wrong::NoInteger`].
/// * -1 for a `u64`, or 2 to the power of 63 for an `i64`, is [`Wrong::DoesNotFit`].
pub fn read<T: TryFrom<i128>>(value: &Value) -> Result<T, Wrong> {
    let integer = value.as_i64().ok_or(Wrong::NoInteger)?;
    T::try_from(i128::from(integer)).map_err(|_| Wrong::DoesNotFit)
}
