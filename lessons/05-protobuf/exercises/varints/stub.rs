/// How a whole number with a sign can be stored: three of the kinds that a `.proto` file offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A varint of the number. Below zero it is widened to 64 bits first, so that a reader whose field is
    /// an `int64` sees the same number.
    Int32,
    /// A varint of its place in the row 0, -1, 1, -2, 2, -3, and so on.
    Sint32,
    /// Four bytes, the least significant one first.
    Sfixed32,
}

/// The bytes of one value, without a tag, as every reader of protobuf expects them.
pub fn encode(kind: Kind, value: i32) -> Vec<u8> {
    match kind {
        Kind::Int32 | Kind::Sint32 => varint(u64::from(value.unsigned_abs())),
        Kind::Sfixed32 => value.to_le_bytes().to_vec(),
    }
}

/// Which kind should a field have that will carry values like these? The one that takes the fewest bytes
/// for all of them together. If two take the same, the one that stands first in the list above.
pub fn choose(samples: &[i32]) -> Kind {
    if samples.iter().all(|sample| sample.abs() < 128) {
        return Kind::Int32;
    }
    Kind::Sfixed32
}

/// Seven bits in each byte, the lowest first; the eighth says that more follow. You need not change it.
fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    bytes.push(value.to_le_bytes()[0]);
    bytes
}
