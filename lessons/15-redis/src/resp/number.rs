//! Whole numbers as Redis reads them.

/// Reads a number as Redis' `string2ll` does: digits with an optional minus, and only the one
/// spelling that Redis would write itself. `+1`, `01`, `-0` and ` 1` are none.
///
/// `str::parse` takes `+1` and `01`; a server that did so would count where Redis refuses.
pub fn integer(text: &[u8]) -> Option<i64> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let one_spelling = match digits {
        [b'0'] => text.len() == 1,
        [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    if !one_spelling {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}
