//! What is given in this exercise: the answer uses it and does not change it.

/// The largest number of words in a request.
pub const WORDS: usize = 1024;

/// The longest word, in bytes.
pub const BYTES: usize = 1024 * 1024;

/// The largest number of digits of a length.
const DIGITS: usize = 10;

/// The words of a request: the name of the command, then its arguments.
pub type Words = Vec<Vec<u8>>;

/// Reads the length at the beginning of `bytes`: the byte `sign`, digits, CRLF. It is the function of the exercise
/// `incomplete-length`.
///
/// * `Ok(Some((length, used)))`: the length, at most `most`, and how many bytes it takes, CRLF included.
/// * `Ok(None)`: the rest of the length has not arrived.
/// * `Err(message)`: this is no length, or it is above `most`.
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
