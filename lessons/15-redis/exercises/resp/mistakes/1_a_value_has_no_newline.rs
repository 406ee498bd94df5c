//! belief: a-value-has-no-newline
//! words: A value has no newline.
//! check: a_line_break_in_a_value
//! says: you cut it there

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
    let Some(count) = line(bytes, &mut used) else {
        return Ok(None);
    };
    let count = number(count, b'*', WORDS)?;
    let mut words = Vec::new();
    for _ in 0..count {
        let Some(length) = line(bytes, &mut used) else {
            return Ok(None);
        };
        number(length, b'$', BYTES)?;
        let Some(word) = line(bytes, &mut used) else {
            return Ok(None);
        };
        words.push(word.to_vec());
    }
    Ok(Some((words, used)))
}

fn line<'a>(bytes: &'a [u8], used: &mut usize) -> Option<&'a [u8]> {
    let rest = &bytes[*used..];
    let end = rest.windows(2).position(|pair| pair == b"\r\n")?;
    *used += end + 2;
    Some(&rest[..end])
}

fn number(line: &[u8], sign: u8, most: usize) -> Result<usize, String> {
    let digits = line.strip_prefix(&[sign]).ok_or("Protocol error")?;
    let digits = std::str::from_utf8(digits).map_err(|_| "Protocol error")?;
    let number = digits.parse().map_err(|_| "Protocol error")?;
    if number > most {
        return Err("Protocol error".to_string());
    }
    Ok(number)
}
