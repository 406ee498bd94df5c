//! A varint leaves out leading zeros, and a number below zero has none: as an `int32` it is widened to 64 bits, which
//! begin with ones, and takes ten bytes. `sint32` counts around zero, so numbers near zero are short on both sides.
//! `(value << 1) ^ (value >> 31)` is zigzag encoding without a branch: the shift to the right copies the sign into all
//! bits. Neither type is shorter in general, so `choose` encodes the values and counts.

/// Three field types of a `.proto` file for a whole number with a sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A varint of the number, widened to 64 bits.
    Int32,
    /// A varint of its place in the sequence 0, -1, 1, -2, 2, -3, and so on, counted from 0.
    Sint32,
    /// Four bytes, the least significant one first.
    Sfixed32,
}

/// The bytes of one value, without a tag.
pub fn encode(kind: Kind, value: i32) -> Vec<u8> {
    match kind {
        Kind::Int32 => varint(i64::from(value).cast_unsigned()),
        Kind::Sint32 => varint(u64::from(((value << 1) ^ (value >> 31)).cast_unsigned())),
        Kind::Sfixed32 => value.to_le_bytes().to_vec(),
    }
}

/// The type that takes the fewest bytes for these values.
pub fn choose(samples: &[i32]) -> Kind {
    let bytes = |kind: &Kind| -> usize {
        let lengths = samples.iter().map(|sample| encode(*kind, *sample).len());
        lengths.sum()
    };
    // `min_by_key` gives the first one of those that are equal.
    let kinds = [Kind::Int32, Kind::Sint32, Kind::Sfixed32];
    kinds.into_iter().min_by_key(bytes).unwrap_or(Kind::Int32)
}

/// Seven bits in each byte, the lowest first; the eighth says that another byte follows. Do not change it.
fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    bytes.push(value.to_le_bytes()[0]);
    bytes
}
