//! Accepted: looks for CRLF first, and judges the part before it.

pub use super::given::*;

pub fn length(bytes: &[u8], sign: u8, most: usize) -> Result<Option<(usize, usize)>, String> {
    let end = bytes.iter().position(|byte| *byte == b'\r');
    let digits = &bytes[bytes.len().min(1)..end.unwrap_or(bytes.len())];
    if bytes.first().is_some_and(|first| *first != sign)
        || digits.len() > DIGITS
        || !digits.iter().all(u8::is_ascii_digit)
    {
        return Err("invalid length".to_string());
    }
    let Some(end) = end else {
        return Ok(None);
    };
    match bytes.get(end + 1) {
        None => return Ok(None),
        Some(b'\n') => {}
        Some(_) => return Err("expected CRLF".to_string()),
    }
    let length = std::str::from_utf8(digits).unwrap_or_default().parse();
    match length {
        Ok(length) if length <= most => Ok(Some((length, end + 2))),
        _ => Err("invalid length".to_string()),
    }
}
