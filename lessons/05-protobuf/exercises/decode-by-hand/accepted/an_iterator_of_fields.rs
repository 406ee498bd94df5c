//! Accepted: the message is cut into fields by the wire type first, and the fields are read afterwards.

// Given in given.rs, beside this file: `Reading`, `DecodeError`, `varint`, `take`, `length_and_bytes`, `low`.
pub use super::given::*;

pub fn decode(mut bytes: &[u8]) -> Result<Reading, DecodeError> {
    let mut reading = Reading::default();
    while !bytes.is_empty() {
        let (number, wire_type, mut body) = next(&mut bytes)?;
        if number == 1 && wire_type == 2 {
            reading.station = String::from_utf8(body.to_vec()).map_err(|_| DecodeError::NotText)?;
        } else if number == 2 && wire_type == 0 {
            reading.pressure = low(varint(&mut body)?);
        } else if number == 4 && (wire_type == 0 || wire_type == 2) {
            while !body.is_empty() {
                reading.wind.push(low(varint(&mut body)?));
            }
        } else if number == 5 && wire_type == 5 {
            reading.at = body
                .iter()
                .rev()
                .fold(0, |at, byte| at << 8 | u32::from(*byte));
        }
    }
    Ok(reading)
}

fn next<'a>(bytes: &mut &'a [u8]) -> Result<(u64, u64, &'a [u8]), DecodeError> {
    let tag = varint(bytes)?;
    let before = *bytes;
    let body = match tag & 7 {
        0 => {
            varint(bytes)?;
            &before[..before.len() - bytes.len()]
        }
        1 => take(bytes, 8)?,
        2 => length_and_bytes(bytes)?,
        5 => take(bytes, 4)?,
        other => return Err(DecodeError::WireType(other)),
    };
    Ok((tag >> 3, tag & 7, body))
}
