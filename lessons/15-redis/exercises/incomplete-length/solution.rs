//! The digits are counted first, and what follows them decides: nothing yet, half of CRLF, CRLF, or a byte that cannot stand
//! there. A length is compared with `most` before any byte of the value has arrived, so no memory is kept for it. Without
//! the limit `DIGITS`, a client that sends only digits would fill the buffer.

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
    let Some((first, rest)) = bytes.split_first() else {
        return Ok(None);
    };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit());
    let (digits, rest) = rest.split_at(digits.count());
    if *first != sign || digits.len() > DIGITS {
        return Err("invalid length".to_string());
    }
    match (String::from_utf8_lossy(digits).parse(), rest) {
        (_, []) | (Ok(_), [b'\r']) => Ok(None),
        (Ok(length), [b'\r', b'\n', ..]) if length <= most => Ok(Some((length, digits.len() + 3))),
        _ => Err("invalid length".to_string()),
    }
}
