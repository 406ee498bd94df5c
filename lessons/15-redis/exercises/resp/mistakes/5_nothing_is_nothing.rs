//! belief: an-empty-word-is-none
//! words: An empty word is no word.
//! check: d_a_value_is_bytes
//! says: `$0` is a word of no bytes

/// So many words a request may have.
pub const WORDS: usize = 1024;

/// So many bytes a word may have.
pub const BYTES: usize = 1024 * 1024;

/// The words of a request: the name of the command, then its arguments.
pub type Words = Vec<Vec<u8>>;

/// Takes the first request off `bytes`, which is what a client of Redis has sent so far.
///
/// A request is an array of bulk strings: `*` and how many words it has, then for each word `$` and
/// how many bytes it has, and the bytes themselves. A line break (`\r\n`) follows each number, and each
/// word. `SET name wire` is
///
/// ```text
/// *3\r\n$3\r\nSET\r\n$4\r\nname\r\n$4\r\nwire\r\n
/// ```
///
/// * `Ok(Some((words, used)))`: its words, and how many bytes it was. More may follow: that is the next
///   request.
/// * `Ok(None)`: it is not whole yet.
/// * `Err(words)`: it will never be one, or breaks a limit. The client is told why, and cut off.
pub fn request(bytes: &[u8]) -> Result<Option<(Words, usize)>, String> {
    let mut used = 0;
    let Some(count) = number(bytes, &mut used, b'*', WORDS)? else {
        return Ok(None);
    };
    let mut words = Vec::new();
    for _ in 0..count {
        let Some(length) = number(bytes, &mut used, b'$', BYTES)? else {
            return Ok(None);
        };
        let Some(word) = bytes.get(used..used + length) else {
            return Ok(None);
        };
        used += length;
        match bytes.get(used..) {
            Some([b'\r', b'\n', ..]) => used += 2,
            Some([] | [b'\r']) | None => return Ok(None),
            Some(_) => {
                return Err("no line break behind a word".to_string());
            }
        }
        if !word.is_empty() {
            words.push(word.to_vec());
        }
    }
    Ok(Some((words, used)))
}

/// The number in the line at `used`, which begins with `sign`; `used` moves behind it. `None` if the line is
/// not whole.
fn number(bytes: &[u8], used: &mut usize, sign: u8, most: usize) -> Result<Option<usize>, String> {
    /// No number below the limits is longer.
    const DIGITS: usize = 20;
    let line = bytes.get(*used..).unwrap_or_default();
    match line.first() {
        None => return Ok(None),
        Some(first) if *first == sign => {}
        Some(_) => return Err(format!("expected '{}'", char::from(sign))),
    }
    let Some(end) = line.iter().take(DIGITS).position(|byte| *byte == b'\r') else {
        return if line.len() < DIGITS {
            Ok(None)
        } else {
            Err("a number without an end".to_string())
        };
    };
    match line.get(end + 1) {
        None => return Ok(None),
        Some(b'\n') => {}
        Some(_) => return Err("expected a line break".to_string()),
    }
    let digits = std::str::from_utf8(&line[1..end]).unwrap_or_default();
    match digits.parse() {
        Ok(number) if number <= most => {
            *used += end + 2;
            Ok(Some(number))
        }
        _ => Err("invalid length".to_string()),
    }
}
