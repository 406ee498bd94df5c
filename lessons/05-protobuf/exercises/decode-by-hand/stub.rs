// Given in given.rs, beside this file: `Reading`, `DecodeError`, `varint`, `take`, `length_and_bytes`, `low`.
pub use super::given::*;

/// Decodes a reading. The writer may be a newer program, an older one, or one in another language.
///
/// * Fields come in any order. Of a field that comes twice, the last value counts. A field that does not come is zero,
///   or empty.
/// * `wind` is packed (wire type 2: a length and varints) or not (wire type 0: one varint for each number). A message
///   may have both forms, and each adds to the list.
/// * `at` is a `fixed32`, wire type 5: four bytes, the least significant one first.
/// * A field with another number or another wire type is skipped. Wire type 0 is a varint, 1 is eight bytes, 2 is a length
///   and that many bytes, 5 is four bytes. Every other wire type is `DecodeError::WireType`.
pub fn decode(mut bytes: &[u8]) -> Result<Reading, DecodeError> {
    let mut reading = Reading::default();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes)?;
        // The field number and the wire type.
        match (tag >> 3, tag & 0b111) {
            (1, 2) => {
                let text = length_and_bytes(&mut bytes)?;
                let text = std::str::from_utf8(text).map_err(|_| DecodeError::NotText)?;
                reading.station = text.to_string();
            }
            (2, 0) => reading.pressure = low(varint(&mut bytes)?),
            (_, wire_type) => return Err(DecodeError::WireType(wire_type)),
        }
    }
    Ok(reading)
}
