//! What is given in this exercise: the answer uses it and does not change it.

/// The measurements of a weather station. In the `.proto` file of this program:
///
/// ```text
///   string station = 1;
///   uint32 pressure = 2;
///   repeated uint32 wind = 4;
///   fixed32 at = 5;
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// The name of the station.
    pub station: String,
    /// In hectopascals.
    pub pressure: u32,
    /// One gust after the other, in kilometres per hour.
    pub wind: Vec<u32>,
    /// Seconds since 1970.
    pub at: u32,
}

/// Why bytes are not a reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// The bytes end inside a field.
    Cut,
    /// The station is not UTF-8.
    NotText,
    /// A field has a wire type that proto3 does not have: 3, 4, 6 or 7.
    WireType(u64),
}

/// The name that answers of the first edition use.
#[allow(dead_code, reason = "only kept answers use it")]
pub type Bad = DecodeError;

/// Takes a varint off the front.
pub fn varint(bytes: &mut &[u8]) -> Result<u64, DecodeError> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let [byte] = *take(bytes, 1)? else {
            return Err(DecodeError::Cut);
        };
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(value);
        }
    }
    Err(DecodeError::Cut)
}

/// Takes `count` bytes off the front.
pub fn take<'a>(bytes: &mut &'a [u8], count: u64) -> Result<&'a [u8], DecodeError> {
    let count = usize::try_from(count).map_err(|_| DecodeError::Cut)?;
    let (taken, rest) = bytes.split_at_checked(count).ok_or(DecodeError::Cut)?;
    *bytes = rest;
    Ok(taken)
}

/// Takes a length and that many bytes off the front.
pub fn length_and_bytes<'a>(bytes: &mut &'a [u8]) -> Result<&'a [u8], DecodeError> {
    let length = varint(bytes)?;
    take(bytes, length)
}

/// The lowest 32 bits of a varint, which are the value of a `uint32`.
pub fn low(number: u64) -> u32 {
    let [a, b, c, d, ..] = number.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}
