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
    let text = String::from_utf8_lossy(bytes);
    let value = text.split("\r\n").nth(1).ok_or("no value")?;
    Ok((value.as_bytes().to_vec(), bytes.len()))
}
