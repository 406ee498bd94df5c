//! The wire type stands in every tag for one reason: so that a reader can step over what it does not
//! know. With it a new field harms no old program. It does not say what a value *means*, only where it
//! ends, and that is enough. So there is one arm for each field in the form that the schema asks for, a
//! second one for the list, which older writers do not pack, and one for everything else that skips.
//! Ways to store that proto3 does not have cannot be skipped: nobody knows how long they are.

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

/// Reads a reading, whoever wrote it.
pub fn decode(mut bytes: &[u8]) -> Result<Reading, Bad> {
    let mut reading = Reading::default();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes)?;
        match (tag >> 3, tag & 0b111) {
            (1, 2) => {
                let length = varint(&mut bytes)?;
                let text = take(&mut bytes, length)?;
                let text = std::str::from_utf8(text).map_err(|_| Bad::NotText)?;
                reading.station = text.to_string();
            }
            (2, 0) => reading.pressure = low(varint(&mut bytes)?),
            (4, 0) => reading.wind.push(low(varint(&mut bytes)?)),
            (4, 2) => {
                let length = varint(&mut bytes)?;
                let mut list = take(&mut bytes, length)?;
                while !list.is_empty() {
                    reading.wind.push(low(varint(&mut list)?));
                }
            }
            (5, 5) => {
                let at = take(&mut bytes, 4)?;
                reading.at = u32::from_le_bytes(at.try_into().map_err(|_| Bad::Cut)?);
            }
            (_, wire_type) => skip(wire_type, &mut bytes)?,
        }
    }
    Ok(reading)
}

/// Takes a value off the front that nobody here wants.
fn skip(wire_type: u64, bytes: &mut &[u8]) -> Result<(), Bad> {
    match wire_type {
        0 => drop(varint(bytes)?),
        1 => drop(take(bytes, 8)?),
        2 => {
            let length = varint(bytes)?;
            take(bytes, length)?;
        }
        5 => drop(take(bytes, 4)?),
        other => return Err(Bad::WireType(other)),
    }
    Ok(())
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
