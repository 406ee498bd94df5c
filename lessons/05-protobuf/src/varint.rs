//! A number in as few bytes as it needs: seven bits in each byte, the lowest ones first. The eighth bit
//! says whether another byte follows.
//!
//! ```text
//!   300  =  10 0101100          the low seven bits stand last
//!   ac 02   1|0101100  0|0000010
//!           more       the last byte
//! ```

use crate::wire::WireError;

/// The most bytes of a varint: 64 bits in groups of seven.
pub const LONGEST: usize = 10;

/// Adds the number to `out`.
// ANCHOR: write
pub fn write(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(low_seven(value) | 0x80);
        value >>= 7;
    }
    out.push(low_seven(value));
}
// ANCHOR_END: write

fn low_seven(value: u64) -> u8 {
    value.to_le_bytes()[0] & 0x7f
}

/// Takes a varint off the front of `bytes`.
///
/// # Errors
/// [`WireError::Cut`] if the bytes end before the number does, [`WireError::NoVarint`] if it does not
/// end after ten bytes or has more than 64 bits. Then `bytes` is unchanged.
// ANCHOR: read
pub fn read(bytes: &mut &[u8]) -> Result<u64, WireError> {
    let mut value: u64 = 0;
    for (index, byte) in bytes.iter().enumerate().take(LONGEST) {
        // The tenth byte holds one bit: 9 * 7 + 1 = 64.
        if index == LONGEST - 1 && *byte > 1 {
            return Err(WireError::NoVarint);
        }
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            *bytes = &bytes[index + 1..];
            return Ok(value);
        }
    }
    Err(WireError::Cut)
}
// ANCHOR_END: read

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for value in [
            0,
            1,
            127,
            128,
            300,
            16_383,
            16_384,
            u64::from(u32::MAX),
            u64::MAX,
        ] {
            let mut bytes = Vec::new();
            write(value, &mut bytes);
            let mut prost = Vec::new();
            prost::encoding::encode_varint(value, &mut prost);
            assert_eq!(bytes, prost);
            let mut rest = &bytes[..];
            assert_eq!(read(&mut rest), Ok(value));
            assert!(rest.is_empty());
            // One byte less is no number.
            assert_eq!(read(&mut &bytes[..bytes.len() - 1]), Err(WireError::Cut));
        }
    }

    #[test]
    fn a_number_has_an_end() {
        assert_eq!(read(&mut &[0xff; 11][..]), Err(WireError::NoVarint));
        let too_large = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2];
        assert_eq!(read(&mut &too_large[..]), Err(WireError::NoVarint));
    }
}
