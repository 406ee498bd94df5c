//! belief: everybody-has-the-new-version
//! words: After the release everybody has the new version.
//! check: what_old_programs_write_is_read
//! says: Not everybody has the new version yet

/// A panda as version 2 knows it.
#[derive(Debug, PartialEq, Eq)]
pub struct Panda {
    /// In cm. New, and not every panda was measured.
    pub height: Option<u32>,
    pub name: String,
    pub keeper: String,
}

/// The bytes are not a panda.
#[derive(Debug, PartialEq, Eq)]
pub struct Malformed;

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
        return Err(Malformed);
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

/// The first field, and what follows it.
fn field(bytes: &[u8]) -> Result<(String, &[u8]), Malformed> {
    let (length, rest) = bytes.split_first().ok_or(Malformed)?;
    let (text, rest) = rest
        .split_at_checked(usize::from(*length))
        .ok_or(Malformed)?;
    let text = String::from_utf8(text.to_vec()).map_err(|_| Malformed)?;
    Ok((text, rest))
}
