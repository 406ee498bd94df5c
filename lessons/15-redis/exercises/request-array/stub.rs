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
    let Some((count, _)) = length(bytes, b'*', WORDS)? else {
        return Ok(None);
    };
    let _ = BYTES;
    let text = String::from_utf8_lossy(bytes);
    let words = text.split("\r\n").skip(2).step_by(2).take(count);
    let words = words.map(|word| word.as_bytes().to_vec()).collect();
    Ok(Some((words, bytes.len())))
}
