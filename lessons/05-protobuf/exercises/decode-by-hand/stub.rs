// Given in given.rs, beside this file: `Reading`, `Bad`, `varint`, `take`, `low`.
pub use super::given::*;

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
