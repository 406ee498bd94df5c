//! Accepted: an empty field for "not measured", and a `match` over the bytes that are left.

// Given in given.rs, beside this file: `Malformed`, `field`, `put`.
pub use super::given::*;

#[derive(Debug, PartialEq, Eq)]
pub struct Panda {
    pub height: Option<u32>,
    pub name: String,
    pub keeper: String,
}

pub fn encode(panda: &Panda) -> Vec<u8> {
    let mut bytes = Vec::new();
    put(&mut bytes, &panda.name);
    put(&mut bytes, &panda.keeper);
    put(
        &mut bytes,
        &panda.height.map_or(String::new(), |cm| cm.to_string()),
    );
    bytes
}

pub fn decode(bytes: &[u8]) -> Result<Panda, Malformed> {
    let (name, rest) = field(bytes)?;
    let (keeper, rest) = field(rest)?;
    let digits = match rest {
        [] => String::new(),
        rest => field(rest)?.0,
    };
    let height = match digits.as_str() {
        "" => None,
        digits => Some(digits.parse().map_err(|_| Malformed)?),
    };
    Ok(Panda {
        height,
        name,
        keeper,
    })
}
