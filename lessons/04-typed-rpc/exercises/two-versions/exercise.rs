// Given in given.rs, beside this file: `Malformed`, `field`, `put`.
pub use super::given::*;

/// A panda as version 2 knows it. Version 1 had `name` and `keeper`. Its programs still run, and cannot be compiled
/// again.
#[derive(Debug, PartialEq, Eq)]
pub struct Panda {
    /// In cm. New in version 2. Not every panda was measured.
    pub height: Option<u32>,
    pub name: String,
    pub keeper: String,
}

/// Writes the fields one after the other; no field has a name in the bytes. Version 1 wrote `name` and `keeper`. It
/// reads these two and ignores the bytes behind them.
///
/// * Programs of version 1 must be able to read what this writes.
/// * The height is written as decimal digits. "Not measured" is written as an empty field, or as no field.
pub fn encode(panda: &Panda) -> Vec<u8> {
    let height = panda.height.map(|cm| cm.to_string()).unwrap_or_default();
    let mut bytes = Vec::new();
    put(&mut bytes, &height);
    put(&mut bytes, &panda.name);
    put(&mut bytes, &panda.keeper);
    bytes
}

/// Reads what versions 1, 2 and later ones have written. Later versions put their new fields behind the old ones, and
/// the bytes behind the height are ignored.
///
/// * No field for the height, or an empty one, is `None`.
/// * A field that was cut off, is not UTF-8, or holds a height that is no `u32` is `Malformed`.
pub fn decode(bytes: &[u8]) -> Result<Panda, Malformed> {
    let (height, rest) = field(bytes)?;
    let (name, rest) = field(rest)?;
    let (keeper, _) = field(rest)?;
    Ok(Panda {
        height: height.parse().ok(),
        name,
        keeper,
    })
}
