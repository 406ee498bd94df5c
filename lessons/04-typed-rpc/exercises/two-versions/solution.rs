//! Where fields have no names on the wire, their order is the contract, and the order in the struct
//! is only how somebody likes to read it. So the old fields stay where they were and the new one
//! comes last, where an old reader does not look. Reading has the same problem turned round: an old
//! writer stops before the new field, and that is no error but "nobody said"; hence `Option` and no
//! default. Bytes that are there and make no sense are another thing, and stay an error.

// Given in given.rs, beside this file: `Malformed`, `field`.
pub use super::given::*;

/// A panda as version 2 knows it.
#[derive(Debug, PartialEq, Eq)]
pub struct Panda {
    /// In cm. New, and not every panda was measured.
    pub height: Option<u32>,
    pub name: String,
    pub keeper: String,
}

/// Fields one after another, the new one last, and only if there is something to say.
pub fn encode(panda: &Panda) -> Vec<u8> {
    let mut bytes = Vec::new();
    put(&mut bytes, &panda.name);
    put(&mut bytes, &panda.keeper);
    if let Some(cm) = panda.height {
        put(&mut bytes, &cm.to_string());
    }
    bytes
}

fn put(bytes: &mut Vec<u8>, text: &str) {
    // No text here is longer than that.
    let length = u8::try_from(text.len()).unwrap_or(u8::MAX);
    bytes.push(length);
    bytes.extend_from_slice(&text.as_bytes()[..usize::from(length)]);
}

/// Reads what version 1, version 2 and versions to come have written.
pub fn decode(bytes: &[u8]) -> Result<Panda, Malformed> {
    let (name, rest) = field(bytes)?;
    let (keeper, rest) = field(rest)?;
    let height = if rest.is_empty() {
        // Version 1 has written this, or version 2 of a panda that was never measured.
        None
    } else {
        let (height, _later_versions) = field(rest)?;
        Some(height.parse().map_err(|_| Malformed)?)
    };
    Ok(Panda {
        height,
        name,
        keeper,
    })
}
