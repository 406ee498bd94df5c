//! Each word is taken by its length, and nothing looks into it. The vector grows with the words that are there: no memory is
//! reserved for words that are only announced. Each call begins at the front again. A reader that remembers where the last call
//! stopped is faster for a large value in many pieces, and it needs a state between two calls.

// Given in given.rs, beside this file: `WORDS`, `BYTES`, `Words`, `length`.
pub use super::given::*;

/// Takes the first request off `bytes`, which is what a client has sent so far.
///
/// A request is an array of bulk strings: `*` and the number of words, then each word as a bulk string. `SET name wire` is
///
/// ```text
/// *3\r\n$3\r\nSET\r\n$4\r\nname\r\n$4\r\nwire\r\n
/// ```
///
/// * `Ok(Some((words, used)))`: the words of the first request, and how many bytes it takes. More bytes may follow: the next
///   requests, complete or not.
/// * `Ok(None)`: the first request is not complete.
/// * `Err(message)`: these bytes never become a request. More than `WORDS` words; a word above `BYTES` bytes; another first
///   byte than `*` or `$`; a length that is none; no CRLF behind a word. The error comes as soon as the bytes show it.
/// * A word is bytes, and may be empty. A request of no words, `*0`, is complete.
pub fn request(bytes: &[u8]) -> Result<Option<(Words, usize)>, String> {
    let Some((count, mut used)) = length(bytes, b'*', WORDS)? else {
        return Ok(None);
    };
    let mut words = Words::new();
    for _ in 0..count {
        let Some((size, start)) = length(&bytes[used..], b'$', BYTES)? else {
            return Ok(None);
        };
        let rest = &bytes[used + start..];
        let Some((word, rest)) = rest.split_at_checked(size) else {
            return Ok(None);
        };
        match rest {
            [b'\r', b'\n', ..] => words.push(word.to_vec()),
            [] | [b'\r'] => return Ok(None),
            _ => return Err("no CRLF behind a word".to_string()),
        }
        used += start + size + 2;
    }
    Ok(Some((words, used)))
}
