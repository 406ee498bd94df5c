//! belief: an-int32-has-32-bits-on-the-wire
//! words: An int32 has 32 bits on the wire.
//! check: int32_below_zero_is_64_bits_wide
//! says: reads 4294967295

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Int32,
    Sint32,
    Sfixed32,
}

pub fn encode(kind: Kind, value: i32) -> Vec<u8> {
    match kind {
        Kind::Int32 => varint(u64::from(value.cast_unsigned())),
        Kind::Sint32 => varint(u64::from(((value << 1) ^ (value >> 31)).cast_unsigned())),
        Kind::Sfixed32 => value.to_le_bytes().to_vec(),
    }
}

pub fn choose(samples: &[i32]) -> Kind {
    let bytes = |kind: &Kind| -> usize {
        let lengths = samples.iter().map(|sample| encode(*kind, *sample).len());
        lengths.sum()
    };
    let kinds = [Kind::Int32, Kind::Sint32, Kind::Sfixed32];
    kinds.into_iter().min_by_key(bytes).unwrap_or(Kind::Int32)
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
