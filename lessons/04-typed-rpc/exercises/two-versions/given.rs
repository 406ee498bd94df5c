//! What is given in this exercise: the answer uses it and does not change it.

/// The bytes are not a panda.
#[derive(Debug, PartialEq, Eq)]
pub struct Malformed;

/// The first field, and what follows it.
pub fn field(bytes: &[u8]) -> Result<(String, &[u8]), Malformed> {
    let (length, rest) = bytes.split_first().ok_or(Malformed)?;
    let (text, rest) = rest
        .split_at_checked(usize::from(*length))
        .ok_or(Malformed)?;
    let text = String::from_utf8(text.to_vec()).map_err(|_| Malformed)?;
    Ok((text, rest))
}
