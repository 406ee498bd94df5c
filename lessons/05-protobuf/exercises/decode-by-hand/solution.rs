//! The wire type stands in every tag for one reason: so that a reader can step over what it does not
//! know. With it a new field harms no old program. It does not say what a value *means*, only where it
//! ends, and that is enough. So there is one arm for each field in the form that the schema asks for, a
//! second one for the list, which older writers do not pack, and one for everything else that skips.
//! Ways to store that proto3 does not have cannot be skipped: nobody knows how long they are.

// Given in given.rs, beside this file: `Reading`, `Bad`, `varint`, `take`, `low`.
pub use super::given::*;

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
