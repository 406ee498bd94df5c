//! What is given in this exercise: the answer uses it and does not change it.

/// The bytes are not a panda.
#[derive(Debug, PartialEq, Eq)]
pub struct Malformed;

/// Takes the first field off the bytes: its text, and the bytes behind it. It is `Malformed` if the bytes end before
/// the field does, or if it is not UTF-8.
pub fn field(bytes: &[u8]) -> Result<(String, &[u8]), Malformed> {
    let (length, rest) = bytes.split_first().ok_or(Malformed)?;
    let (text, rest) = rest
        .split_at_checked(usize::from(*length))
        .ok_or(Malformed)?;
    let text = String::from_utf8(text.to_vec()).map_err(|_| Malformed)?;
    Ok((text, rest))
}

/// Adds a field to the bytes: one byte with the length of the text, and the text. No text here is longer than 255
/// bytes.
pub fn put(bytes: &mut Vec<u8>, text: &str) {
    let length = u8::try_from(text.len()).unwrap_or(u8::MAX);
    bytes.push(length);
    bytes.extend_from_slice(&text.as_bytes()[..usize::from(length)]);
}
