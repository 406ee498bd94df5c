//! What is given in this exercise: the answer uses it and does not change it.

/// What a weather station reports. In the `.proto` file of your program:
///
/// ```text
///   string station = 1;
///   uint32 pressure = 2;
///   repeated uint32 wind = 4;
///   fixed32 at = 5;
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Which station.
    pub station: String,
    /// In hectopascals.
    pub pressure: u32,
    /// One gust after the other, in kilometres an hour.
    pub wind: Vec<u32>,
    /// Seconds since 1970.
    pub at: u32,
}

/// Why bytes are no reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bad {
    /// They end in the middle of something.
    Cut,
    /// The station is no text.
    NotText,
    /// Something is stored in a way that there is not: 3, 4, 6 or 7.
    WireType(u64),
}

/// Takes a varint off the front. You need not change it.
pub fn varint(bytes: &mut &[u8]) -> Result<u64, Bad> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let [byte] = *take(bytes, 1)? else {
            return Err(Bad::Cut);
        };
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(value);
        }
    }
    Err(Bad::Cut)
}

/// Takes so many bytes off the front. You need not change it.
pub fn take<'a>(bytes: &mut &'a [u8], count: u64) -> Result<&'a [u8], Bad> {
    let count = usize::try_from(count).map_err(|_| Bad::Cut)?;
    let (taken, rest) = bytes.split_at_checked(count).ok_or(Bad::Cut)?;
    *bytes = rest;
    Ok(taken)
}

/// A `uint32` is cut off after 32 bits. You need not change it.
pub fn low(number: u64) -> u32 {
    let [a, b, c, d, ..] = number.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}
