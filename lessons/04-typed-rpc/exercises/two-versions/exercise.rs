// Given in given.rs, beside this file: `Malformed`, `field`.
pub use super::given::*;

/// A panda as version 2 knows it. Version 1 had `name` and `keeper`; its programs still run, and
/// nobody can compile them again.
#[derive(Debug, PartialEq, Eq)]
pub struct Panda {
    /// In cm. New, and not every panda was measured.
    pub height: Option<u32>,
    pub name: String,
    pub keeper: String,
}

/// Fields one after another, each a length of one byte and so many bytes of text. No field says
/// which one it is. Version 1 wrote `name`, `keeper`; it reads these two and ignores what follows.
///
/// Programs of version 1 must be able to read what this writes.
pub fn encode(panda: &Panda) -> Vec<u8> {
    let height = panda.height.map(|cm| cm.to_string()).unwrap_or_default();
    let mut bytes = Vec::new();
    for text in [&height, &panda.name, &panda.keeper] {
        // No text here is longer than that.
        let length = u8::try_from(text.len()).unwrap_or(u8::MAX);
        bytes.push(length);
        bytes.extend_from_slice(&text.as_bytes()[..usize::from(length)]);
    }
    bytes
}

/// Reads what version 1, version 2 and versions to come have written: there, too, new fields come
/// after the old ones. A field that is cut off or makes no sense is `Malformed`.
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
