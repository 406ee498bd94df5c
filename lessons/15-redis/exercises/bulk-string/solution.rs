//! The length is read, and then as many bytes are taken, whatever they are: nothing looks into the value. `parse` alone would
//! accept the length `+4`, so the digits are counted first. What is left in `rest` says how many bytes were taken.

// Given in given.rs, beside this file: `BYTES`.
pub use super::given::*;

/// Takes the bulk string at the beginning of `bytes`. Returns its value, and how many bytes the bulk string takes.
///
/// A bulk string is `$`, the length of its value in bytes as a decimal number, CRLF (`\r\n`), the value, and CRLF. The value
/// `wire` is `$4\r\nwire\r\n`, which takes 10 bytes. More bytes may follow: they belong to the next value.
///
/// * A value is bytes. It may be empty, it may contain CRLF, and it need not be UTF-8.
/// * The length is one or more digits, without a sign, and at most `BYTES`.
/// * All else is an `Err` with a message for the client: another first byte, another length, fewer bytes than the length
///   says, no CRLF behind the value.
///
/// In this exercise all bytes have arrived.
pub fn bulk_string(bytes: &[u8]) -> Result<(Vec<u8>, usize), String> {
    let rest = bytes.strip_prefix(b"$").ok_or("expected '$'")?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit());
    let (length, rest) = rest.split_at(digits.count());
    let length = String::from_utf8_lossy(length).parse();
    let length = length.map_err(|_| "invalid length")?;
    if length > BYTES {
        return Err("invalid length".to_string());
    }
    let rest = rest.strip_prefix(b"\r\n").ok_or("invalid length")?;
    let (value, rest) = rest.split_at_checked(length).ok_or("bytes are missing")?;
    let rest = rest
        .strip_prefix(b"\r\n")
        .ok_or("no CRLF behind the value")?;
    Ok((value.to_vec(), bytes.len() - rest.len()))
}
