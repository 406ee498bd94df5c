/// Three field types of a `.proto` file for a whole number with a sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A varint of the number. Below zero it is widened to 64 bits first, so a reader whose field is
    /// an `int64` gets the same number.
    Int32,
    /// A varint of its place in the sequence 0, -1, 1, -2, 2, -3, and so on, counted from 0.
    Sint32,
    /// Four bytes, the least significant one first.
    Sfixed32,
}

/// The bytes of one value, without a tag, as other programs read them.
pub fn encode(kind: Kind, value: i32) -> Vec<u8> {
    match kind {
        Kind::Int32 | Kind::Sint32 => varint(u64::from(value.unsigned_abs())),
        Kind::Sfixed32 => value.to_le_bytes().to_vec(),
    }
}

/// The type that takes the fewest bytes for all of these values together. If two take the same, the first one in the
/// list above.
pub fn choose(samples: &[i32]) -> Kind {
    if samples.iter().all(|sample| sample.abs() < 128) {
        return Kind::Int32;
    }
    Kind::Sfixed32
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
