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

/// Reads a reading, whoever wrote it: also a program that is newer than yours, or older, or in another
/// language. If a field comes twice the last one counts; a list goes on. What does not come is zero.
pub fn decode(mut bytes: &[u8]) -> Result<Reading, Bad> {
    let mut reading = Reading::default();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes)?;
        // The number of the field, and how its value is stored: 0 varint, 1 eight bytes, 2 a length and
        // bytes, 5 four bytes.
        match (tag >> 3, tag & 0b111) {
            (1, 2) => {
                let length = varint(&mut bytes)?;
                let text = take(&mut bytes, length)?;
                let text = std::str::from_utf8(text).map_err(|_| Bad::NotText)?;
                reading.station = text.to_string();
            }
            (2, 0) => reading.pressure = low(varint(&mut bytes)?),
            (_, wire_type) => return Err(Bad::WireType(wire_type)),
        }
    }
    Ok(reading)
}

/// Takes a varint off the front. You need not change it.
fn varint(bytes: &mut &[u8]) -> Result<u64, Bad> {
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
fn take<'a>(bytes: &mut &'a [u8], count: u64) -> Result<&'a [u8], Bad> {
    let count = usize::try_from(count).map_err(|_| Bad::Cut)?;
    let (taken, rest) = bytes.split_at_checked(count).ok_or(Bad::Cut)?;
    *bytes = rest;
    Ok(taken)
}

/// A `uint32` is cut off after 32 bits. You need not change it.
fn low(number: u64) -> u32 {
    let [a, b, c, d, ..] = number.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}
