//! Accepted: a slice of what is left in place of a position, and a function for one word.

pub use super::given::*;

pub fn request(bytes: &[u8]) -> Result<Option<(Words, usize)>, String> {
    let Some((count, used)) = length(bytes, b'*', WORDS)? else {
        return Ok(None);
    };
    let mut rest = &bytes[used..];
    let mut words = Vec::new();
    while words.len() < count {
        match word(rest)? {
            None => return Ok(None),
            Some((word, behind)) => {
                words.push(word.to_vec());
                rest = behind;
            }
        }
    }
    Ok(Some((words, bytes.len() - rest.len())))
}

/// A word, and what is behind it.
type Word<'a> = (&'a [u8], &'a [u8]);

/// The first word.
fn word(bytes: &[u8]) -> Result<Option<Word<'_>>, String> {
    let Some((size, start)) = length(bytes, b'$', BYTES)? else {
        return Ok(None);
    };
    let end = start + size;
    match (bytes.get(end), bytes.get(end + 1)) {
        (None | Some(b'\r'), None) => Ok(None),
        (Some(b'\r'), Some(b'\n')) => Ok(Some((&bytes[start..end], &bytes[end + 2..]))),
        _ => Err("expected CRLF behind a word".to_string()),
    }
}
