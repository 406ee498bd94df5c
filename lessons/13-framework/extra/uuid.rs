//! Random ids of instances.

/// 122 random bits, written as a version 4 UUID: the usual form of a random id.
pub(crate) fn random() -> String {
    let bits: u128 = rand::random();
    let bits = (bits & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
    let digits = format!("{bits:032x}");
    let (first, rest) = digits.split_at(8);
    let middle = [&rest[..4], &rest[4..8], &rest[8..12]].join("-");
    format!("{first}-{middle}-{}", &rest[12..])
}
