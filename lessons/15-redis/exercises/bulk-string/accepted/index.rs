//! Accepted: a position that moves on, and no slice patterns.

pub use super::given::*;

pub fn bulk_string(bytes: &[u8]) -> Result<(Vec<u8>, usize), String> {
    if bytes.first() != Some(&b'$') {
        return Err("expected '$'".to_string());
    }
    let mut at = 1;
    let mut length = 0;
    while at < bytes.len() && bytes[at].is_ascii_digit() {
        length = length * 10 + usize::from(bytes[at] - b'0');
        if length > BYTES {
            return Err("invalid bulk length".to_string());
        }
        at += 1;
    }
    if at == 1 || bytes.get(at..at + 2) != Some(b"\r\n") {
        return Err("invalid bulk length".to_string());
    }
    let end = at + 2 + length;
    match (bytes.get(at + 2..end), bytes.get(end..end + 2)) {
        (Some(value), Some(b"\r\n")) => Ok((value.to_vec(), end + 2)),
        _ => Err("the value does not end with CRLF".to_string()),
    }
}
