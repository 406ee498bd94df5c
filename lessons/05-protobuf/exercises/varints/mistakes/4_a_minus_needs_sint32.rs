//! belief: sint-is-for-fields-with-a-minus
//! words: A field that can be negative must be a sint32.
//! check: weighs_all_the_values
//! says: once in a while

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Int32,
    Sint32,
    Sfixed32,
}

pub fn encode(kind: Kind, value: i32) -> Vec<u8> {
    match kind {
        Kind::Int32 => varint(i64::from(value).cast_unsigned()),
        Kind::Sint32 => varint(u64::from(((value << 1) ^ (value >> 31)).cast_unsigned())),
        Kind::Sfixed32 => value.to_le_bytes().to_vec(),
    }
}

pub fn choose(samples: &[i32]) -> Kind {
    if samples
        .iter()
        .any(|sample| sample.unsigned_abs() >= 1 << 27)
    {
        return Kind::Sfixed32;
    }
    if samples.iter().any(|sample| *sample < 0) {
        return Kind::Sint32;
    }
    Kind::Int32
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
