//! Where fields have no names on the wire, their order is the contract. The order in the struct concerns this program
//! only. So the old fields keep their places and the new one comes last, where an old reader does not look. In the other
//! direction an old writer stops before the new field. That is not an error but "not measured", hence `Option` and no
//! default. Bytes that are there and make no sense are an error.

// Given in given.rs, beside this file: `Malformed`, `field`, `put`.
pub use super::given::*;

/// A panda as version 2 knows it.
#[derive(Debug, PartialEq, Eq)]
pub struct Panda {
    /// In cm. New in version 2. Not every panda was measured.
    pub height: Option<u32>,
    pub name: String,
    pub keeper: String,
}

/// Writes the fields one after the other, the new one last, and only if there is a height.
pub fn encode(panda: &Panda) -> Vec<u8> {
    let mut bytes = Vec::new();
    put(&mut bytes, &panda.name);
    put(&mut bytes, &panda.keeper);
    if let Some(cm) = panda.height {
        put(&mut bytes, &cm.to_string());
    }
    bytes
}

/// Reads what versions 1, 2 and later ones have written.
pub fn decode(bytes: &[u8]) -> Result<Panda, Malformed> {
    let (name, rest) = field(bytes)?;
    let (keeper, rest) = field(rest)?;
    let mut height = None;
    if !rest.is_empty() {
        // What follows the height belongs to later versions.
        let (digits, _) = field(rest)?;
        if !digits.is_empty() {
            height = Some(digits.parse().map_err(|_| Malformed)?);
        }
    }
    Ok(Panda {
        height,
        name,
        keeper,
    })
}
