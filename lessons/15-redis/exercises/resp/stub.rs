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
    let text = String::from_utf8_lossy(bytes);
    let words = text.split("\r\n").skip(2).step_by(2);
    let words = words.map(|word| word.as_bytes().to_vec()).collect();
    Ok(Some((words, bytes.len())))
}
