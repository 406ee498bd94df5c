//! The wire type stands in every tag so that a reader can skip a field that it does not know. With it a new field
//! harms no old program. It does not say what a value means, only where it ends, and that is enough. So there is one arm for
//! each field with the wire type of the schema, a second one for the list, which older writers do not pack, and one for
//! everything else that skips. A wire type that proto3 does not have cannot be skipped, because its length is unknown.

// Given in given.rs, beside this file: `Reading`, `DecodeError`, `varint`, `take`, `length_and_bytes`, `low`.
pub use super::given::*;

/// Decodes a reading.
pub fn decode(mut bytes: &[u8]) -> Result<Reading, DecodeError> {
    let mut reading = Reading::default();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes)?;
        match (tag >> 3, tag & 0b111) {
            (1, 2) => {
                let text = length_and_bytes(&mut bytes)?;
                let text = std::str::from_utf8(text).map_err(|_| DecodeError::NotText)?;
                reading.station = text.to_string();
            }
            (2, 0) => reading.pressure = low(varint(&mut bytes)?),
            (4, 0) => reading.wind.push(low(varint(&mut bytes)?)),
            (4, 2) => {
                let mut list = length_and_bytes(&mut bytes)?;
                while !list.is_empty() {
                    reading.wind.push(low(varint(&mut list)?));
                }
            }
            (5, 5) => {
                let at = take(&mut bytes, 4)?;
                reading.at = u32::from_le_bytes(at.try_into().map_err(|_| DecodeError::Cut)?);
            }
            (_, 0) => drop(varint(&mut bytes)?),
            (_, 1) => drop(take(&mut bytes, 8)?),
            (_, 2) => drop(length_and_bytes(&mut bytes)?),
            (_, 5) => drop(take(&mut bytes, 4)?),
            (_, wire_type) => return Err(DecodeError::WireType(wire_type)),
        }
    }
    Ok(reading)
}
