//! Escapes names. A byte that a registry does not allow is written as a mark and two digits, so that no two
//! names become one, and each can be read back.

/// `text` in letters that are `safe`, with everything else written as `mark` and two hexadecimal
/// digits a byte. The mark itself is never safe.
pub fn escape(text: &str, mark: u8, safe: impl Fn(u8) -> bool) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte != mark && byte.is_ascii() && safe(byte) {
            escaped.push(byte.into());
        } else {
            escaped.push(mark.into());
            escaped.push_str(&format!("{byte:02X}"));
        }
    }
    escaped
}

/// The other way; `None` if [`escape`] has not written it.
pub fn unescape(escaped: &str, mark: u8) -> Option<String> {
    let mut bytes = escaped.bytes();
    let mut text = Vec::with_capacity(escaped.len());
    while let Some(byte) = bytes.next() {
        if byte != mark {
            text.push(byte);
            continue;
        }
        let digits = [bytes.next()?, bytes.next()?].map(|digit| match digit {
            b'0'..=b'9' => Some(digit - b'0'),
            b'A'..=b'F' => Some(digit - b'A' + 10),
            _ => None,
        });
        text.push(digits[0]? << 4 | digits[1]?);
    }
    String::from_utf8(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_comes_back_and_no_two_are_one() {
        let names = [
            "", "a", "A", "a b", "a/b", "a%2Fb", "a_b", "你好", "..", "\n",
        ];
        let safe = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
        let mut all = Vec::new();
        for name in names {
            let escaped = escape(name, b'%', safe);
            assert_eq!(unescape(&escaped, b'%').as_deref(), Some(name));
            assert!(!all.contains(&escaped), "{escaped}");
            all.push(escaped);
        }
        assert_eq!(escape("A/你", b'%', safe), "%41%2F%E4%BD%A0");
        for broken in ["%", "%4", "%4g", "%ff", "%FF"] {
            assert_eq!(unescape(broken, b'%'), None, "{broken}");
        }
    }
}
